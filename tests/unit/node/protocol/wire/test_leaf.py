from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.crypto import sm3
from node.errors import InvalidInput, MalformedReceipt
from node.protocol.evm.blocks import BlockRef
from node.protocol.wire import canonical
from node.protocol.wire.leaf import (
    LIMIT,
    build_leaf,
    commitment,
    complete_leaf,
    parse_leaf,
)

SALT = bytes(16)
DRAFT = build_leaf(
    block=BlockRef(812, b"\1" * 32, 0),
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
    assert (leaf.number, leaf.at) == (7, 1_790_000_000_000)
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


def test_unknown_members_and_versions_are_refused() -> None:
    for change in ({"more": 1}, {"v": 2}, {"type": "ack"}, {"custody": "shared"}):
        with pytest.raises(MalformedReceipt):
            parse_leaf(canonical.dumps({**MEMBERS, **change}))


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
