import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.crypto import sm3
from node.errors import InvalidInput, MalformedReceipt
from node.protocol.evm.blocks import BlockRef
from node.protocol.wire import canonical
from node.protocol.wire.leaf import (
    AUDIT,
    CALL,
    KINDS,
    LIMIT,
    OPEN,
    PREVIEW,
    build_leaf,
    commitment,
    complete_leaf,
    login_event,
    open_event,
    parse_leaf,
    session_event,
)

SALT = bytes(16)
DRAFT = build_leaf(
    block=BlockRef(812, b"\1" * 32, 0),
    judged=1_789_999_999,
    event=b"\2" * 32,
    base=b'"@method": POST',
    signature=bytes(range(64)),
    authorisation=12,
    custody="hosted",
    entry=b"\3" * 32,
    version=2,
    revision=1,
    items=0b101,
    masked=0b100,
    rows=3,
    answer=b"\4" * 32,
    plain=b"\5" * 32,
    operator=commitment(SALT, "张三"),
    matter=commitment(SALT, "办件1"),
)
DATA = complete_leaf(DRAFT, number=7, prev=b"\6" * 32, at=1_790_000_000_000)
MEMBERS = canonical.loads(DATA)


def test_a_leaf_is_read_back_member_by_member() -> None:
    leaf = parse_leaf(DATA)
    assert (leaf.block_number, leaf.block_hash) == (812, b"\1" * 32)
    assert (leaf.event, leaf.entry, leaf.prev) == (b"\2" * 32, b"\3" * 32, b"\6" * 32)
    assert (leaf.base, leaf.signature) == (b'"@method": POST', bytes(range(64)))
    assert (leaf.authorisation, leaf.version, leaf.revision) == (12, 2, 1)
    assert (leaf.items, leaf.masked, leaf.rows) == (0b101, 0b100, 3)
    assert (leaf.number, leaf.at, leaf.judged) == (7, 1_790_000_000_000, 1_789_999_999)
    assert (leaf.outcome, leaf.custody) == ("served", "hosted")
    assert (leaf.answer, leaf.plain) == (b"\4" * 32, b"\5" * 32)
    assert leaf.operator == sm3(SALT + "张三".encode())
    assert len(leaf.salt) == 16


def test_the_commit_may_turn_an_answer_into_a_refusal() -> None:
    leaf = parse_leaf(complete_leaf(DRAFT, number=8, prev=bytes(32), at=1, refusal="quota-calls"))
    assert leaf.outcome == "quota-calls"
    assert (leaf.answer, leaf.plain, leaf.rows, leaf.masked) == (None, None, 0, 0)
    assert leaf.items == 0b101
    assert DRAFT["outcome"] == "served"


def test_two_leaves_of_one_call_differ_by_their_salt() -> None:
    parts: dict[str, Any] = {
        "block": BlockRef(1, bytes(32), 0),
        "judged": 1,
        "event": bytes(32),
        "base": b"x",
        "signature": bytes(64),
        "authorisation": 1,
        "custody": "own",
    }
    assert build_leaf(**parts)["salt"] != build_leaf(**parts)["salt"]


def test_a_leaf_has_at_most_4_kib() -> None:
    with pytest.raises(InvalidInput, match="more than 4096"):
        complete_leaf({**DRAFT, "base": "x" * LIMIT}, number=1, prev=bytes(32), at=1)
    with pytest.raises(MalformedReceipt):
        parse_leaf(canonical.dumps({**MEMBERS, "base": "x" * LIMIT}))


@pytest.mark.parametrize("member", sorted(set(MEMBERS) - {"base"}))
@pytest.mark.parametrize(
    "value", [-1, True, 1.5, "", "é", "AB" * 32, [], {}, {"number": 1}, {"number": -1, "hash": 1}]
)
def test_a_wrong_member_is_refused(member: str, value: Any) -> None:
    changed = {**MEMBERS, member: value}
    try:
        data = canonical.dumps(changed)
    except InvalidInput:
        return
    with pytest.raises(MalformedReceipt):
        parse_leaf(data)


@pytest.mark.parametrize("member", sorted(MEMBERS))
def test_every_member_is_needed(member: str) -> None:
    with pytest.raises(MalformedReceipt):
        parse_leaf(canonical.dumps({k: v for k, v in MEMBERS.items() if k != member}))


@pytest.mark.parametrize("value", [None, 1, "", "é", []])
def test_a_wrong_base_is_refused(value: Any) -> None:
    with pytest.raises(MalformedReceipt):
        parse_leaf(canonical.dumps({**MEMBERS, "base": value}))


def test_unknown_members_are_refused() -> None:
    for change in ({"more": 1}, {"custody": "shared"}):
        with pytest.raises(MalformedReceipt):
            parse_leaf(canonical.dumps({**MEMBERS, **change}))


def test_a_leaf_of_the_first_version_is_refused_by_name() -> None:
    old = {name: value for name, value in MEMBERS.items() if name != "judged"} | {"v": 1}
    with pytest.raises(MalformedReceipt, match="of version 1; 2 is read"):
        parse_leaf(canonical.dumps(old))


def test_a_kind_that_is_not_wanted_or_not_known_is_refused_by_name() -> None:
    with pytest.raises(MalformedReceipt, match="'ack'"):
        parse_leaf(canonical.dumps({**MEMBERS, "type": "ack"}), KINDS)
    for kind in (AUDIT, OPEN, PREVIEW):
        with pytest.raises(MalformedReceipt, match=f"of kind {kind}; call is wanted"):
            parse_leaf(OTHERS[kind])
    with pytest.raises(MalformedReceipt, match="of kind call; audit or open is wanted"):
        parse_leaf(DATA, (AUDIT, OPEN))


SIGNED: dict[str, Any] = {"base": b'"@method": GET', "signature": bytes(range(64))}
DOWNLOAD: dict[str, Any] = {"entry": b"\3" * 32, "version": 2, "rows": 3, "answer": b"\4" * 32}
SPECIFIC: dict[str, dict[str, Any]] = {
    AUDIT: SIGNED
    | {"sequence": 3, "authorisation": 12, "question": "event 00", "answer": b"\4" * 32}
    | {"values": commitment(SALT, "张三")},
    OPEN: DOWNLOAD,
    PREVIEW: {**SIGNED, **DOWNLOAD, "sequence": 0, "items": 7, "masked": 5},
}
OTHERS = {
    kind: complete_leaf(
        build_leaf(
            kind,
            block=BlockRef(812, b"\1" * 32, 0),
            judged=1_790_000_000,
            event=open_event(1_790_000_000),
            custody="own",
            **members,
        ),
        at=1_790_000_000_250,
    )
    for kind, members in SPECIFIC.items()
}


@pytest.mark.parametrize("kind", [AUDIT, OPEN, PREVIEW])
class TestOtherKinds:
    def test_are_read_back_member_by_member(self, kind: str) -> None:
        leaf = parse_leaf(OTHERS[kind], KINDS)
        assert (leaf.kind, leaf.outcome, leaf.number) == (kind, "served", 0)
        assert (leaf.judged, leaf.at) == (1_790_000_000, 1_790_000_000_250)
        for name, value in SPECIFIC[kind].items():
            assert getattr(leaf, name) == value

    def test_need_every_member_and_no_other(self, kind: str) -> None:
        members = canonical.loads(OTHERS[kind])
        assert members.keys() == KINDS[kind]
        for name in members:
            with pytest.raises(MalformedReceipt):
                parse_leaf(canonical.dumps({k: v for k, v in members.items() if k != name}), KINDS)
        for name in KINDS[CALL] - KINDS[kind]:
            with pytest.raises(MalformedReceipt):
                parse_leaf(canonical.dumps({**members, name: MEMBERS[name]}), KINDS)


def test_a_question_is_a_text_of_at_most_512_characters() -> None:
    members = canonical.loads(OTHERS[AUDIT])
    for question in ("", "问" * 513, 7, None):
        with pytest.raises(MalformedReceipt, match="question"):
            parse_leaf(canonical.dumps({**members, "question": question}), KINDS)


def test_requests_under_one_login_have_events_of_their_own_at_its_second() -> None:
    login = open_event(1_790_000_000)
    events = [session_event(login, sequence) for sequence in (1, 2, 3)]
    assert len({*events, login}) == 4
    assert {event[:8] for event in events} == {login[:8]}


class TestLogin:
    def test_its_event_begins_with_its_second_and_names_its_text(self) -> None:
        text = b"ShareLedger-login:https://node.example 00ff 2026-11-28T04:00:00Z"
        event = login_event(text)
        assert int.from_bytes(event[:8], "big") == 1_795_838_400
        assert event[8:] == sm3(text)[:24]

    @pytest.mark.parametrize("text", [b"", b"no moment", b"a \xff", b"a 9999-99-99T00:00:00Z"])
    def test_what_is_no_login_is_refused(self, text: bytes) -> None:
        with pytest.raises(MalformedReceipt):
            login_event(text)

    @given(st.binary(max_size=80))
    def test_any_bytes_have_an_event_or_are_refused(self, text: bytes) -> None:
        with contextlib.suppress(MalformedReceipt):
            assert len(login_event(text)) == 32


class TestTimes:
    def at(self, judged: int, milliseconds: int, block: int = 0) -> None:
        draft = {**DRAFT, "judged": judged}
        data = complete_leaf(draft, number=1, prev=bytes(32), at=milliseconds)
        parse_leaf(data).verify_times(block=block)

    def test_hold_from_the_block_to_a_minute_after_the_judgement(self) -> None:
        self.at(100, 100_000, block=100)
        self.at(100, 160_999)

    @pytest.mark.parametrize(
        ("judged", "milliseconds", "block"),
        [(100, 99_999, 0), (100, 161_000, 0), (100, 100_000, 101)],
        ids=["logged before it was judged", "a minute too late", "judged before its block"],
    )
    def test_do_not_hold_otherwise(self, judged: int, milliseconds: int, block: int) -> None:
        with pytest.raises(MalformedReceipt, match="judged at"):
            self.at(judged, milliseconds, block)


@given(st.binary(max_size=200))
def test_random_bytes_are_no_leaf(data: bytes) -> None:
    with pytest.raises(MalformedReceipt):
        parse_leaf(data)


@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_a_changed_leaf_is_refused_or_another(position: int, flip: int) -> None:
    changed = bytearray(DATA)
    changed[position] ^= flip
    try:
        leaf = parse_leaf(bytes(changed))
    except MalformedReceipt:
        return
    assert leaf != parse_leaf(DATA)
