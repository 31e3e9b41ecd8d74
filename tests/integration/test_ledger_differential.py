"""The core and the contracts judge every decision alike: acceptance, error, state after it.

Random scripts (`tests.common.script`) are played on the real contracts of an embedded chain and on
the core; after each step what changed is compared with the contracts' views, after a play all of
it. Events of the chain are replayed by a second core, which must end where the first did.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from node.chain.deployment import DeployedContract, Deployment
from node.chain.embedded import EmbeddedChain
from node.chain.relay import RelayAccount
from node.chain.reverts import call_error
from node.crypto import keccak256
from node.errors import DecisionRefused
from node.protocol.evm import abi
from node.protocol.evm.abicodec import compile_tuple
from node.protocol.evm.decision import DECISIONS
from node.protocol.ledger import anchors, facts
from node.protocol.ledger.core import Ledger, Origin, Signed
from node.protocol.ledger.judge import permits, standing_in
from node.protocol.ledger.outside import Sm2Outside
from node.protocol.ledger.store import Draft, Memory
from tests.common import trees
from tests.common.chain import CHAIN_ID
from tests.common.fakes import FixedClock
from tests.common.script import WEIGHTS, Script

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.chain

PLAY = 500
"""Decisions on one set of contracts: a city can lock itself out, and then nothing more is said."""
GAS = 30_000_000
YES = bytes.fromhex("600a600c600039600a6000f3600160005260206000f3")
"""Creates a contract that answers every question with 1: a verifier for which all signatures hold."""
CONTRACTS = ("DepartmentRegistry", "CatalogueRegistry", "ShareAuthorisations", "AccessAnchors")
NUMBERS = {
    facts.DepartmentFact: "parent competent kind level status screening may_enrol dependants",
    facts.KeyFact: "holder kind valid_from valid_until qx qy person",
    facts.RoleFact: "roles valid_from valid_until",
    facts.CatalogueFact: (
        "provider latest state current current_state latest_share_type latest_item_count "
        "share_type item_count standing frozen submitter calls_per_day rows_per_day "
        "standing_terms withdrawal_digest"
    ),
    facts.AuthorisationFact: (
        "entry items purpose application terms subject state prior mode share_type suspended_by "
        "marks version revision calls_per_day rows_per_day valid_from valid_until"
    ),
}


class Outside(Sm2Outside):
    """The curve as the deployed verifier sees it, and the code on the chain."""

    def __init__(self, codes: dict[bytes, bytes], *, real: bool) -> None:
        self._codes = codes
        self._real = real

    def is_on_curve(self, x: int, y: int) -> bool:
        return not self._real or super().is_on_curve(x, y)

    def is_signed(self, act: Any, x: int, y: int) -> bool:
        return not self._real or super().is_signed(act, x, y)

    def is_possessed(self, act: Any, x: int, y: int) -> bool:
        return not self._real or super().is_possessed(act, x, y)

    def is_note_signed(self, text: bytes, x: int, y: int, r: int, s: int) -> bool:
        return not self._real or super().is_note_signed(text, x, y, r, s)

    def code_hash(self, address: bytes) -> bytes | None:
        return self._codes.get(address, b"")


@dataclass
class Stage:
    """One chain on which plays are given one after the other, each on contracts of its own."""

    chain: EmbeddedChain
    clock: FixedClock
    relay: RelayAccount = field(default_factory=RelayAccount.generate)
    sent: int = 0
    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    permits: Counter[str] = field(default_factory=Counter)
    anchored: Counter[str] = field(default_factory=Counter)

    def rpc(self, method: str, *params: object) -> Any:
        answer = self.chain.handle(
            {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        )
        if "error" in answer:
            raise call_error(answer["error"])
        return answer["result"]

    def call(self, to: bytes, data: bytes) -> bytes:
        message = {"from": _hex(self.relay.address), "to": _hex(to), "data": _hex(data)}
        return bytes.fromhex(
            self.rpc("eth_call", {**message, "gas": hex(GAS)}, "latest").removeprefix("0x")
        )

    def send(self, to: bytes, data: bytes) -> dict[str, Any]:
        raw = self.relay.sign_legacy(to, data, self.sent, GAS, CHAIN_ID)
        found = self.rpc("eth_sendRawTransaction", _hex(raw))
        self.sent += 1
        receipt: dict[str, Any] = self.rpc("eth_getTransactionReceipt", found)
        assert receipt["status"] == "0x1", receipt
        return receipt

    def create(self, code: bytes) -> DeployedContract:
        receipt = self.send(b"", code)
        address = bytes.fromhex(receipt["contractAddress"][2:])
        stored = self.rpc("eth_getCode", receipt["contractAddress"], "latest")
        code_hash = keccak256(bytes.fromhex(stored[2:]))
        return DeployedContract(address, code_hash, int(receipt["blockNumber"], 16))


class Play:
    """One script on contracts of its own."""

    def __init__(self, stage: Stage, seed: int, *, real: bool) -> None:
        self.stage = stage
        genesis = bytes.fromhex(stage.rpc("eth_getBlockByNumber", "0x0", False)["hash"][2:])
        self.deployment = Deployment(CHAIN_ID, genesis, bytes(64), {})
        self.store = Memory()
        self.script = Script(seed, self.deployment, self.store, stage.relay.address, real=real)
        root = self.script.root
        verifier = creation_code("Sm2Verifier", []) if real else YES
        deployed = self.deployment.contracts
        deployed["Sm2Verifier"] = stage.create(verifier)
        at = {"Sm2Verifier": deployed["Sm2Verifier"].address}
        for name in CONTRACTS:
            registry = at.get("DepartmentRegistry")
            arguments: list[Any] = [registry]
            if registry is None:
                arguments = [at["Sm2Verifier"], root.x, root.y]
            elif name == "ShareAuthorisations":
                arguments = [registry, at["CatalogueRegistry"]]
            deployed[name] = stage.create(creation_code(name, arguments))
            at[name] = deployed[name].address
        outside = Outside({each.address: each.code_hash for each in deployed.values()}, real=real)
        origin = Origin(CHAIN_ID, at["DepartmentRegistry"], (root.x, root.y))
        self.at = at
        self.rules = lambda store: Ledger(store, origin, outside)
        self.followed = Memory()
        self.leaves: dict[bytes, int] = {}

    def run(self, decisions: int) -> None:
        for _ in range(decisions):
            script, clock = self.script, self.stage.clock
            if script.chance(0.25):
                week, day = script.chance(0.01), script.chance(0.03)
                clock.advance(8 * 86_400 if week else 86_400 if day else script.rng.choice([1, 99]))
            script.now = int(clock())
            self.decide(script.next())
            if script.chance(0.5):
                self.compare_permits()
            if script.chance(0.15):
                self.anchor()
            if script.chance(0.02):
                self.freeze_log()
        for kind in facts.KEY_SIZES:
            ours = list(self.store.all(kind))
            assert ours == list(self.followed.all(kind))
            for record in ours:
                self.compare(record)

    def decide(self, signed: Signed) -> None:
        stage, kind = self.stage, DECISIONS[signed.name]
        args: dict[str, Any] = {
            "decision": signed.message,
            "signature": {"key": signed.key, **_pair(signed.signature)},
        }
        if kind.possession:
            args["possession"] = _pair(signed.possession)
        data = abi.encode_call(kind.contract, kind.function, args)
        block = int(stage.rpc("eth_blockNumber"), 16) + 1
        theirs = ours = None
        try:
            stage.call(self.at[kind.contract], data)
        except DecisionRefused as refusal:
            theirs = refusal
        draft = Draft(self.store)
        try:
            self.rules(draft).decide(signed, time=self.script.now, block=block)
        except DecisionRefused as refusal:
            ours = refusal
        assert _named(ours) == _named(theirs), (signed, self.script.now)
        if theirs is not None:
            stage.refused[str(theirs.facts["name"])] += 1
            return
        stage.accepted[signed.name] += 1
        self.script.sent.append(signed)
        self.follow(stage.send(self.at[kind.contract], data))
        draft.commit()
        for record in draft.changes():
            self.compare(record)

    def follow(self, receipt: dict[str, Any]) -> None:
        """Replay the events of a transaction."""
        names = {address: name for name, address in self.at.items()}
        for log in receipt["logs"]:
            contract = names[bytes.fromhex(log["address"][2:])]
            topics = [bytes.fromhex(topic[2:]) for topic in log["topics"]]
            name, args = abi.decode_log(contract, topics, bytes.fromhex(log["data"][2:]))
            event = abi.ChainEvent(
                contract, name, args, args["seq"], int(receipt["blockNumber"], 16), b"",
                self.script.now, b"", 0, 0, self.at[contract],
            )  # fmt: skip
            self.rules(self.followed).apply(event)

    def anchor(self) -> None:
        """Anchor a log, or try what does not fit."""
        rng, log = self.script.rng, self.script.one(self.script.all(facts.LogFact))
        if log is None:
            return
        size = rng.choice([log.size, log.size + 1, log.size + rng.randrange(1, 20), 1])
        old = rng.choice([log.size, log.size, log.size, 0])
        leaves = [b"%d" % index for index in range(size)]
        args = {
            "log": log.log if rng.random() < 0.95 else bytes(32),
            "oldSize": old,
            "newSize": size,
            "root": trees.root(leaves),
            "checkpointHash": bytes(32),
            "proof": trees.proof(log.size, leaves) if 0 < log.size <= size else [],
        }
        data = abi.encode_call("AccessAnchors", "anchor", args)
        if (args["log"], size, args["root"]) == (log.log, log.size, log.root):
            # The anchorer sends again what it cannot know to have arrived: nothing follows.
            if log.relay != self.stage.relay.address:
                return
            assert self.stage.call(self.at["AccessAnchors"], data) == b""
            return
        event = {**args, "size": size}
        self._observe("anchor", data, lambda draft: anchors.anchor(draft, event), log)

    def freeze_log(self) -> None:
        """Show two roots of one size, or one root twice."""
        rng, log = self.script.rng, self.script.one(self.script.all(facts.LogFact))
        keys = [key.key for key in self.script.all(facts.KeyFact)]
        if log is None:
            return
        own = [key.key for key in self.script.all(facts.KeyFact) if key.holder == log.department]
        roots = [rng.randbytes(32) if rng.random() < 0.7 else bytes(32) for _ in range(2)]
        shown = [
            {"root": root, "key": rng.choice(own if rng.random() < 0.9 else keys), "r": 1, "s": 1}
            for root in roots
        ]
        args = {"department": log.department, "log": log.log, "size": 5,
                "first": shown[0], "second": shown[1]}  # fmt: skip
        data = abi.encode_call("AccessAnchors", "freeze", args)
        event = {"log": log.log, "size": 5} | {
            f"{which}{member.capitalize()}": args[which][member]
            for which in ("first", "second")
            for member in ("root", "key", "r", "s")
        }
        outside = Outside({}, real=self.script.real)
        self._observe("freeze", data, lambda draft: anchors.freeze(draft, outside, event), log)

    def _observe(self, what: str, data: bytes, judge: Any, log: facts.LogFact) -> None:
        """What is no decision: compare the core's word with the contract's."""
        theirs = ours = None
        try:
            self.stage.call(self.at["AccessAnchors"], data)
        except DecisionRefused as refusal:
            theirs = refusal
        draft = Draft(self.store)
        try:
            judge(draft)
        except DecisionRefused as refusal:
            ours = refusal
        name = str(theirs.facts["name"]) if theirs else what
        self.stage.anchored[name] += 1
        if name == "RelayMismatch":  # who sent it stands in no event: the core cannot know
            assert log.relay != self.stage.relay.address
            return
        assert _named(ours) == _named(theirs), log
        if theirs is None:
            self.follow(self.stage.send(self.at["AccessAnchors"], data))
            draft.commit()
            last = self.store.find(facts.SequenceFact, "AccessAnchors")
            self.store.put(facts.SequenceFact("AccessAnchors", last.seq + 1 if last else 1))

    def compare_permits(self) -> None:
        """`permits` on chain is the judge's."""
        rng = self.script.rng
        one = self.script.authorisation() if rng.random() < 0.9 else None
        number = one.authorisation if one else rng.randrange(5)
        every = self.script.all(facts.KeyFact)
        own = [key for key in every if one and key.holder == one.application]
        key = rng.choice(own if own and rng.random() < 0.8 else every) if every else None
        key_id = key.key if key else bytes(32)
        granted = one.items if one else 1
        items = rng.choice([granted, granted & -granted, 0, granted | 1 << 200])
        purpose = one.purpose if one and rng.random() < 0.8 else b"x" * 32
        found = self.view("ShareAuthorisations", "permits", number, key_id, items, purpose)
        standing = standing_in(self.store, number, key_id)
        judged = permits(standing, key_id, items, purpose, self.script.now)
        assert judged == found, (one, key)
        self.stage.permits[judged.name] += 1

    def view(self, contract: str, function: str, *args: object) -> Any:
        data = self.stage.call(self.at[contract], abi.encode_call(contract, function, args))
        found = abi.decode_result(contract, function, data)
        return next(iter(found.values())) if len(found) == 1 else found

    def compare(self, record: Any) -> None:
        """Check that the contracts' views show a record as the core keeps it."""
        registry, catalogue, shares, logs = CONTRACTS
        match record:
            case facts.LedgerFact():
                assert self.view(registry, "rootDepartment") == record.root
                assert self.view(shares, "count") == record.authorisations
            case facts.SequenceFact():
                assert self.view(record.contract, "sequence") == record.seq
            case facts.NonceFact():
                assert self.view(record.contract, "isSpent", record.key, record.nonce)
            case facts.DepartmentFact():
                self.same(record, self.view(registry, "departmentOf", record.department))
            case facts.KeyFact():
                found = self.view(registry, "keyOf", record.key)
                assert found["revokedAt"] == (record.revoked_at or 0)
                self.same(record, found)
            case facts.RoleFact():
                self.same(record, self.view(registry, "grantOf", record.department, record.key))
            case facts.PersonFact():
                found = self.view(registry, "departmentOfPerson", record.person)
                assert found == record.department
            case facts.ApplicationFact():
                found = self.view(registry, "applicationOf", record.application)
                assert found == record.department
            case facts.ContractFact():
                name = record.name.encode().ljust(32, b"\0")
                assert self.view(registry, "contractNamed", name) == record.address
            case facts.CatalogueFact():
                found = self.view(catalogue, "entryOf", record.entry)
                self.same(record._replace(submitter=record.submitter.ljust(8, b"\0")), found)
            case facts.VersionFact():
                found = self.view(catalogue, "digestOf", record.entry, record.version)
                assert found == record.digest
            case facts.AuthorisationFact():
                found = self.view(shares, "authorisationOf", record.authorisation)
                self.same(record, found)
                assert found["lastItem"] + 1 == record.item_count
                assert self.view(shares, "changeOf", record.authorisation) == record.proposed
                parties = self.view(shares, "partiesOf", record.authorisation)
                assert (parties["consumer"], parties["provider"]) == (
                    record.consumer,
                    record.provider,
                )
            case facts.StandingGrantFact():
                found = self.view(shares, "standingOf", record.entry, record.consumer)
                assert found == record.authorisation
            case facts.LogFact():
                head = self.view(logs, "head", record.log)
                assert head == {"relay": record.relay, "size": record.size, "root": record.root}
                state = self.view(logs, "stateOf", record.log)
                assert state == {
                    "generation": record.generation,
                    "frozen": record.frozen,
                    "superseded": record.superseded,
                }
            case facts.PresentLogFact():
                assert self.view(logs, "logOf", record.department) == record.log
                assert self.view(logs, "generationOf", record.department) == record.generation
            case _:
                pytest.fail(f"{record} is compared with nothing")

    @staticmethod
    def same(record: Any, found: dict[str, Any]) -> None:
        names = NUMBERS[type(record)].split()
        ours = {_camel(name): getattr(record, name) for name in names}
        assert ours == {name: found[name] for name in ours}


def creation_code(name: str, arguments: list[Any]) -> bytes:
    """What a creation transaction of a contract carries."""
    file = resources.files("node.chain") / "artifacts" / f"{name}.json"
    inputs: list[dict[str, Any]] = next(
        (item["inputs"] for item in abi.load_abi(name) if item["type"] == "constructor"), []
    )
    values = {item["name"]: value for item, value in zip(inputs, arguments, strict=True)}
    code = bytes.fromhex(orjson.loads(file.read_bytes())["bytecode"].removeprefix("0x"))
    return code + compile_tuple(inputs).encode(values)


def _named(refusal: DecisionRefused | None) -> tuple[str, Any] | None:
    return (str(refusal.facts["name"]), refusal.facts["args"]) if refusal else None


def _pair(signature: tuple[int, int]) -> dict[str, int]:
    return {"r": signature[0], "s": signature[1]}


def _hex(data: bytes) -> str:
    return f"0x{data.hex()}"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    clock = FixedClock()
    chain = EmbeddedChain(tmp_path_factory.mktemp("differential"), CHAIN_ID, clock)
    chain.start()
    try:
        yield Stage(chain, clock)
    finally:
        chain.stop()


def give(stage: Stage, decisions: int, *, real: bool = False, seed: int = 11) -> None:
    """Play scripts until so many decisions were judged, and print what came of them."""
    for number, start in enumerate(range(0, decisions, PLAY)):
        Play(stage, seed + number, real=real).run(min(PLAY, decisions - start))
    judged = stage.accepted.total() + stage.refused.total()
    print(
        f"\n{judged} decisions: {stage.accepted.total()} accepted, {stage.refused.total()} refused "
        f"with {len(stage.refused)} errors; permits {dict(stage.permits)}; "
        f"logs {dict(stage.anchored)}\n{dict(stage.accepted)}\n{dict(stage.refused)}"
    )
    assert judged == decisions


def test_scripts_end_alike(stage):
    give(stage, int(os.environ.get("SHARELEDGER_DECISIONS", "2000")))
    assert set(stage.accepted) == set(WEIGHTS)


def test_scripts_end_alike_with_real_signatures(stage):
    give(stage, 100, real=True)
    assert {"SignatureRefused", "PossessionRefused"} & set(stage.refused)


@pytest.mark.long
def test_long_scripts_end_alike(stage):
    give(stage, int(os.environ.get("SHARELEDGER_DECISIONS", "50000")), seed=1_000)
    assert set(stage.accepted) == set(WEIGHTS)
    assert len(stage.refused) > 60
