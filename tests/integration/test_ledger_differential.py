"""The core and the contracts judge every decision alike: acceptance, error, state after it.

Random scripts (`tests.common.script`) are played on the real contracts of an embedded chain and on
the core; after each step what changed is compared with the contracts' views, after a play all of
it. Events of the chain are replayed by a second core, which must end where the first did.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from node.chain.embedded import EmbeddedChain
from node.errors import DecisionRefused
from node.protocol.evm import abi
from node.protocol.evm.decision import DECISIONS
from node.protocol.ledger import anchors, facts
from node.protocol.ledger.core import Ledger, Origin, Signed
from node.protocol.ledger.judge import permits, standing_in
from node.protocol.ledger.surroundings import Draft, Memory
from tests.common import trees
from tests.common.chain import CHAIN_ID
from tests.common.fakes import FixedClock
from tests.common.script import WEIGHTS, Script
from tests.common.stage import Outside, Stage
from tests.common.views import views_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from node.protocol.ledger.surroundings import Store

pytestmark = [pytest.mark.chain, pytest.mark.untraced]

PLAY = 500
"""Decisions on one set of contracts: a city can lock itself out, and then nothing more is said."""


class Play:
    """One script on contracts of its own."""

    def __init__(self, stage: Stage, seed: int, *, real: bool) -> None:
        self.stage = stage
        self.store, self.followed = Memory(), Memory()
        self.script = Script(seed, self.store, stage.relay.address, real=real)
        root = (self.script.root.x, self.script.root.y)
        self.script.deployment = deployment = stage.deploy(root, real=real)
        self.at = {name: one.address for name, one in deployment.contracts.items()}
        codes = {one.address: one.code_hash for one in deployment.contracts.values()}
        self.outside = Outside(codes, real=real)
        self.origin = Origin(CHAIN_ID, self.at["DepartmentRegistry"], root)

    def rules(self, store: Store) -> Ledger:
        return Ledger(store, self.origin, self.outside)

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
        ours = None
        draft = Draft(self.store)
        try:
            self.rules(draft).decide(signed, time=self.script.now, block=block)
        except DecisionRefused as refusal:
            ours = refusal
        if ours is not None:
            with pytest.raises(DecisionRefused) as theirs:
                stage.call(self.at[kind.contract], data)
            assert _named(ours) == _named(theirs.value), (signed, self.script.now)
            stage.refused[str(theirs.value.facts["name"])] += 1
            return
        try:
            receipt = stage.send(self.at[kind.contract], data)
        except (DecisionRefused, AssertionError) as refused:
            raise AssertionError(signed, self.script.now) from refused
        stage.accepted[signed.name] += 1
        self.script.sent.append(signed)
        self.follow(receipt)
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
        self._observe("freeze", data, lambda draft: anchors.freeze(draft, self.outside, event), log)

    def _observe(
        self, what: str, data: bytes, judge: Callable[[Store], None], log: facts.LogFact
    ) -> None:
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
        return self.stage.view(self.at[contract], contract, function, *args)

    def compare(self, record: Any) -> None:
        """Check that the contracts' views show a record as the core keeps it."""
        for contract, function, args, expected in views_of(record):
            found = self.view(contract, function, *args)
            if isinstance(found, dict):
                found = {name: found[name] for name in expected}
            assert found == expected, record


def _named(refusal: DecisionRefused | None) -> tuple[str, Any] | None:
    return (str(refusal.facts["name"]), refusal.facts["args"]) if refusal else None


def _pair(signature: tuple[int, int]) -> dict[str, int]:
    return {"r": signature[0], "s": signature[1]}


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    clock = FixedClock()
    chain = EmbeddedChain(tmp_path_factory.mktemp("differential"), CHAIN_ID, clock, deployers=None)
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
    sys.stdout.write(
        f"\n{judged} decisions: {stage.accepted.total()} accepted, {stage.refused.total()} refused "
        f"with {len(stage.refused)} errors; permits {dict(stage.permits)}; "
        f"logs {dict(stage.anchored)}\n{dict(stage.accepted)}\n{dict(stage.refused)}\n"
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
