"""Signed Ethereum transactions as the embedded chain reads them: legacy, EIP-2930 and EIP-1559.

Yellow paper section 4.2, EIP-155, EIP-2718. secp256k1 through coincurve, because the sealer
recovers a sender for every transaction. `parse_transaction` accepts one encoding only (eth-account
reads several), so a transaction has exactly one hash; a signature without a chain id is refused,
it would be valid on every chain.
"""

from __future__ import annotations

from dataclasses import dataclass

from coincurve import PublicKey

from ..crypto import keccak256
from ..errors import MalformedEvidence, MalformedTransaction
from ..protocol.evm import rlp

ADDRESS_BYTES = 20
_LEGACY_FIELDS, _ACCESS_LIST_FIELDS, _FEE_MARKET_FIELDS = 9, 11, 12
_ACCESS_LIST_TYPE, _FEE_MARKET_TYPE = 1, 2
_EIP155_OFFSET = 35
_WORD = 32
_TRANSACTION_GAS, _CREATION_GAS, _CREATION_WORD_GAS = 21_000, 32_000, 2
_ZERO_GAS, _NONZERO_GAS, _ACCESSED_ADDRESS_GAS, _ACCESSED_KEY_GAS = 4, 16, 2_400, 1_900
_CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@dataclass(frozen=True, slots=True)
class Transaction:
    """What a raw transaction says, and who signed it."""

    raw: bytes
    hash: bytes
    chain_id: int
    nonce: int
    price: int
    """Highest price per gas it offers."""
    gas: int
    to: bytes
    """20 bytes; empty for a contract creation."""
    value: int
    data: bytes
    accessed: tuple[int, int]
    """How many addresses and storage keys its access list names (EIP-2930)."""
    sender: bytes
    """20 bytes, recovered from the signature."""

    @property
    def intrinsic_gas(self) -> int:
        """Gas it costs before anything runs (yellow paper 6.2; EIP-2028, 2930, 3860).

        With less gas than this it can be in no block.
        """
        zeros = self.data.count(0)
        cost = _TRANSACTION_GAS + zeros * _ZERO_GAS + (len(self.data) - zeros) * _NONZERO_GAS
        addresses, keys = self.accessed
        cost += addresses * _ACCESSED_ADDRESS_GAS + keys * _ACCESSED_KEY_GAS
        if not self.to:
            cost += _CREATION_GAS + -(-len(self.data) // _WORD) * _CREATION_WORD_GAS
        return cost


def address_of(public_key: PublicKey) -> bytes:
    """Return the 20-byte account address of a secp256k1 public key."""
    return keccak256(public_key.format(compressed=False)[1:])[-ADDRESS_BYTES:]


def parse_transaction(raw: bytes) -> Transaction:
    """Parse a raw transaction and recover its sender.

    Raises:
        MalformedTransaction: not the one encoding of a signed legacy (EIP-155), EIP-2930 or
            EIP-1559 transaction.
    """
    try:
        return _parse(raw)
    except MalformedEvidence as error:
        raise MalformedTransaction(error.message) from error


def _parse(raw: bytes) -> Transaction:
    kind = raw[0] if raw and raw[0] <= _FEE_MARKET_TYPE else 0
    fields = rlp.decode(raw[1:] if kind else raw)
    expected = (_LEGACY_FIELDS, _ACCESS_LIST_FIELDS, _FEE_MARKET_FIELDS)[kind]
    if not isinstance(fields, list) or len(fields) != expected:
        raise MalformedTransaction("a transaction of unknown type or shape")
    if kind:
        chain_id, recovery = rlp.decode_int(fields[0]), rlp.decode_int(fields[-3])
        body, signed = fields[1:], bytes([kind]) + rlp.encode(fields[:-3])
    else:
        chain_id, recovery = divmod(rlp.decode_int(fields[6]) - _EIP155_OFFSET, 2)
        if chain_id < 0:
            raise MalformedTransaction("signed without a chain id (EIP-155)")
        tail: list[rlp.Rlp] = [rlp.encode_int(chain_id), b"", b""]
        body, signed = fields, rlp.encode([*fields[:6], *tail])
    nonce, *prices, gas, to, value, data = body[: 7 if kind == _FEE_MARKET_TYPE else 6]
    if (
        not isinstance(to, bytes)
        or len(to) not in {0, ADDRESS_BYTES}
        or not isinstance(data, bytes)
    ):
        raise MalformedTransaction("recipient or data are malformed")
    return Transaction(
        raw=raw,
        hash=keccak256(raw),
        chain_id=chain_id,
        nonce=rlp.decode_int(nonce, limit=8),
        price=max(map(rlp.decode_int, prices)),
        gas=rlp.decode_int(gas, limit=8),
        to=to,
        value=rlp.decode_int(value),
        data=data,
        accessed=_accessed(fields[-4]) if kind else (0, 0),
        sender=_recover(fields[-2], fields[-1], recovery, keccak256(signed)),
    )


def _accessed(access_list: rlp.Rlp) -> tuple[int, int]:
    keys = 0
    if not isinstance(access_list, list):
        raise MalformedTransaction("the access list is none")
    for entry in access_list:
        match entry:
            case [bytes(address), [*slots]] if len(address) == ADDRESS_BYTES and all(
                isinstance(slot, bytes) and len(slot) == _WORD for slot in slots
            ):
                keys += len(slots)
            case _:
                raise MalformedTransaction("the access list is malformed")
    return len(access_list), keys


def _recover(r: rlp.Rlp, s: rlp.Rlp, recovery: int, digest: bytes) -> bytes:
    r_value, s_value = rlp.decode_int(r), rlp.decode_int(s)
    # EIP-2: the upper half of s is refused, or a third party could give a transaction another hash.
    if not 0 < s_value <= _CURVE_ORDER // 2 or recovery not in {0, 1}:
        raise MalformedTransaction("the signature is out of range")
    signature = r_value.to_bytes(32) + s_value.to_bytes(32) + bytes([recovery])
    try:
        return address_of(PublicKey.from_signature_and_message(signature, digest, hasher=None))
    except ValueError as error:
        raise MalformedTransaction("no sender can be recovered from the signature") from error
