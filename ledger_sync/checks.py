"""Checks an event must pass before it may change a row.

A contract has made these checks already; they are made again because an endpoint, not the contract,
hands the events over: numbering without gaps, derived ids, a live officer's key, listed contracts.
Whatever fails is ChainInconsistent: an alarm, never a row left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.crypto import Sm2PublicKey, keccak256
from node.errors import ChainInconsistent, MalformedKey, WrongChain
from node.protocol.ledger.enums import KeyKind
from node.protocol.wire.ids import contract_name_id

from .tables import KEY, SEQUENCE

if TYPE_CHECKING:
    from node.protocol.evm.abi import ChainEvent

    from .identity import Identity
    from .rows import Rows


def check_sequence(rows: Rows, event: ChainEvent) -> None:
    """Check that a contract's events come without a gap: seq counts from 1 per contract.

    Raises:
        ChainInconsistent: one is missing, doubled or out of order.
    """
    row = rows.find(SEQUENCE, event.contract)
    expected = row["seq"] + 1 if row else 1
    if event.seq != expected:
        raise ChainInconsistent(
            f"event {event.seq} of {event.contract} where {expected} is due",
            contract=event.contract,
            expected=expected,
            found=event.seq,
            block=event.block_number,
        )
    rows.put(SEQUENCE, {"contract": event.contract, "seq": event.seq})


def get_signer(rows: Rows, identity: Identity, event: ChainEvent) -> Sm2PublicKey:
    """Return the key that must have signed: as registered, live at the time of the block.

    Raises:
        ChainInconsistent: the contract cannot have accepted this key then.
    """
    key = event.args["signingKey"]
    if event.name == "DepartmentEnrolled" and event.seq == 1:
        if key != identity.root_key.key_id:
            raise _refused(event, "is the first and not signed by the root key")
        return identity.root_key
    row = rows.find(KEY, key)
    if row is None:
        raise _refused(event, "names a key that was never registered")
    if row["kind"] != KeyKind.OFFICER:
        raise _refused(event, "names a key that is no officer's")
    if row["revoked_at"] is not None:
        raise _refused(event, "names a key revoked before it")
    if not row["valid_from"] <= event.timestamp < row["valid_until"]:
        raise _refused(event, "names a key out of its validity")
    return Sm2PublicKey.from_coordinates(row["qx"], row["qy"])


def get_possessor(event: ChainEvent) -> Sm2PublicKey | None:
    """Return the new key whose own signature the event must carry; None where there is none.

    Raises:
        ChainInconsistent: the key is no point of the curve or has another id.
    """
    args = event.args
    if event.name == "DepartmentEnrolled":
        x, y, key = args["headX"], args["headY"], args["headKey"]
    elif event.name == "KeyAdded":
        x, y, key = args["qx"], args["qy"], args["addedKey"]
    else:
        return None
    try:
        public = Sm2PublicKey(x, y)
    except MalformedKey as err:
        raise _refused(event, "registers a key that is no point of the curve") from err
    if public.key_id != key:
        raise _refused(event, "registers a key under an id that is not its own")
    return public


def check_derived(identity: Identity, event: ChainEvent) -> None:
    """Check the ids the contract derived: they are in the event, but not under the signature.

    Raises:
        ChainInconsistent: an id does not follow from the decision.
        WrongChain: a contract is listed that is not the configured one.
    """
    args = event.args
    match event.name:
        case "ApplicationRegistered":
            _expect(event, args["application"], args["department"] + args["codeHash"])
        case "VersionsSubmitted":
            for entry, version in zip(args["entries"], args["versions"], strict=True):
                _expect(event, entry, args["department"] + version["codeHash"])
        case "LogRegistered":
            origin = f"shareledger:{identity.chain_id}:{identity.registry.hex()}:".encode()
            _expect(event, args["log"], origin + args["department"].rstrip(b"\0"))
        case "ContractListed":
            _check_listed(identity, event)
        case _:
            pass


def _expect(event: ChainEvent, found: bytes, preimage: bytes) -> None:
    if found != keccak256(preimage):
        raise _refused(event, f"derives {found.hex()}, which does not follow from it")


def _check_listed(identity: Identity, event: ChainEvent) -> None:
    listed = (event.args["contractAddress"], event.args["codeHash"])
    for name, deployed in identity.deployed.items():
        if contract_name_id(name) == event.args["name"] and listed != deployed:
            raise WrongChain(f"the chain lists another {name}", address=listed[0].hex())


def _refused(event: ChainEvent, why: str) -> ChainInconsistent:
    return ChainInconsistent(
        f"{event.name} {event.seq} of {event.contract} {why}",
        contract=event.contract,
        seq=event.seq,
        block=event.block_number,
    )
