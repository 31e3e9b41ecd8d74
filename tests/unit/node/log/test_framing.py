"""Drafts and results as bytes: what goes in comes out, and nothing else gets in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from node import errors
from node.errors import CallReplayed, Fatal, InvalidInput, LedgerError
from node.log import Committed, Draft, LeafDraft
from node.log import framing as module
from node.log.framing import (
    Done,
    Frames,
    frames_of,
    pack_draft,
    pack_result,
    unpack_drafts,
    unpack_results,
)
from node.protocol.wire.leaf import CALL, OPEN

COUNT = some.integers(0, 2**63 - 1)
HASH = some.binary(min_size=32, max_size=32)
PARTS = some.none() | some.binary(max_size=80)
CODE = some.sampled_from(["served", "quota-calls", "item-not-granted"])
PIECE = some.binary(max_size=40).filter(lambda piece: 0 not in piece)
LEAF = some.builds(
    LeafDraft, kind=some.just(CALL), judged=COUNT, pieces=some.tuples(PIECE, PIECE, PIECE, PIECE)
) | some.builds(LeafDraft, kind=some.just(OPEN), judged=COUNT, pieces=some.tuples(PIECE, PIECE))
DRAFTS = some.builds(
    Draft,
    log=HASH, event=HASH, text=some.binary(max_size=200), authorisation=COUNT,
    counted=some.booleans(), leaf=LEAF, key=HASH, calls_per_day=COUNT, rows_per_day=COUNT,
    rows=COUNT, answer=PARTS, request=PARTS, refusal=some.none() | CODE,
)  # fmt: skip
COMMITTED = some.builds(
    Committed,
    leaf=some.binary(max_size=200), index=COUNT, size=COUNT,
    proof=some.lists(HASH, max_size=5).map(tuple), checkpoint=some.binary(max_size=80),
    outcome=CODE, answer=PARTS, number=COUNT, remaining_calls=COUNT, remaining_rows=COUNT,
    reset=COUNT, fresh=some.booleans(),
)  # fmt: skip
KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, LedgerError) and not issubclass(kind, Fatal)
]
EMPTY = LeafDraft(OPEN, 7, (b"", b""))
DRAFT = Draft(
    b"l" * 32,
    b"e" * 32,
    b"text",
    1,
    counted=True,
    leaf=LeafDraft(OPEN, 7, (b"", b"")),
    answer=b"sealed",
)


def frame_of(items):
    (frame,) = Frames().feed(b"".join(frames_of(items)))
    return frame


class TestDrafts:
    @given(some.lists(some.tuples(COUNT, DRAFTS), min_size=1, max_size=4))
    def test_come_out_as_they_went_in(self, drafts):
        packed = [pack_draft(number, draft) for number, draft in drafts]
        assert unpack_drafts(frame_of(packed)) == drafts

    def test_one_longer_than_a_frame_is_refused_where_it_is_made(self, monkeypatch):
        monkeypatch.setattr(module, "FRAME_BYTES", 100)
        with pytest.raises(InvalidInput, match="ask for less"):
            pack_draft(0, DRAFT)


class TestResults:
    @given(some.lists(some.tuples(COUNT, COMMITTED), min_size=1, max_size=4))
    def test_come_out_as_they_went_in(self, results):
        packed = [pack_result(number, each, DRAFT) for number, each in results]
        wanted = [Done(number, each, own=False) for number, each in results]
        assert unpack_results(frame_of(packed)) == wanted

    @given(COMMITTED)
    def test_an_answer_that_is_the_drafts_own_is_not_sent_back(self, result):
        result.answer = DRAFT.answer
        packed = pack_result(7, result, DRAFT)
        (done,) = unpack_results(packed)
        assert isinstance(done.result, Committed)
        assert (done.own, done.result.answer) == (True, None)
        assert DRAFT.answer is not None
        assert DRAFT.answer not in packed

    @pytest.mark.parametrize("kind", KINDS)
    def test_every_error_that_concerns_a_call_keeps_its_class_message_and_facts(self, kind):
        facts = {"receipt": {"index": 3, "leaf": "abc"}}
        (done,) = unpack_results(pack_result(1, kind("why", **facts), DRAFT))
        assert isinstance(done.result, LedgerError)
        assert type(done.result) is kind
        assert (done.result.message, done.result.facts) == ("why", facts)

    def test_nothing_fatal_and_nothing_that_is_no_error_comes_out(self):
        good = pack_result(1, CallReplayed("why"), DRAFT)
        for name in (b"ConfigError!", b"reason______"):
            with pytest.raises(InvalidInput, match="no error"):
                unpack_results(good.replace(b"CallReplayed", name))
        with pytest.raises(InvalidInput, match="no error"):
            unpack_results(pack_result(1, errors.WrongChain("why"), DRAFT))


class TestFrames:
    @given(some.lists(some.binary(min_size=1, max_size=30), min_size=1), some.integers(1, 50))
    def test_are_cut_alike_however_they_arrive(self, items, step):
        stream = b"".join(frames_of(items))
        frames = Frames()
        found = [
            frame
            for at in range(0, len(stream), step)
            for frame in frames.feed(stream[at : at + step])
        ]
        assert b"".join(found) == b"".join(items)

    def test_hold_as_many_items_as_fit(self, monkeypatch):
        monkeypatch.setattr(module, "PIECE_BYTES", 10)
        items = [b"abcd", b"efgh", b"ijkl", b"m" * 20, b"n"]
        assert list(Frames().feed(b"".join(frames_of(items)))) == [
            b"abcdefgh", b"ijkl", b"m" * 20, b"n",
        ]  # fmt: skip

    def test_one_that_is_too_long_is_refused_by_its_first_bytes(self):
        with pytest.raises(InvalidInput, match="longest"):
            list(Frames().feed(b"\xff\xff\xff\xff"))

    @given(some.binary(max_size=300))
    def test_of_anything_raise_only_our_own(self, data):
        for unpack in (unpack_drafts, unpack_results):
            try:
                unpack(data)
            except InvalidInput:
                continue

    @given(DRAFTS, COMMITTED, some.data())
    def test_cut_or_changed_raise_only_our_own(self, draft, result, data):
        for packed, unpack in (
            (pack_draft(1, draft), unpack_drafts),
            (pack_result(1, result, draft), unpack_results),
        ):
            at = data.draw(some.integers(0, len(packed) - 1))
            byte = bytes([data.draw(some.integers(0, 255))])
            for bad in (packed[:at], packed[:at] + byte + packed[at + 1 :]):
                try:
                    unpack(bad)
                except InvalidInput:
                    continue
