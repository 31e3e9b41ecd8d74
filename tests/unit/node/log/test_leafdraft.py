"""A leaf rendered before its commit becomes what `complete_leaf` makes of its members."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from node.errors import InvalidInput
from node.log import LeafDraft
from node.protocol.evm.blocks import BlockRef
from node.protocol.wire.leaf import CALL, KINDS, LIMIT, build_leaf, complete_leaf

COUNT = some.integers(0, 2**53 - 1)
TEXT = some.text(some.sampled_from('"\\:,0{}é码at\0') | some.characters(max_codepoint=126))
TRAPS = some.sampled_from(['"at":0,', '"number":0,', '"prev":"",', "plain"])
MEMBERS = some.fixed_dictionaries(
    {"base": TEXT | TRAPS, "question": TEXT | TRAPS, "outcome": TRAPS, "rows": COUNT}
)
BLOCK = BlockRef(0, bytes(32), 1)


def members_of(kind, changed):
    made = build_leaf(kind, block=BLOCK, judged=9, event=bytes(32), custody="own")
    return made | {name: value for name, value in changed.items() if name in made}


@given(
    some.sampled_from(sorted(KINDS)), MEMBERS, COUNT, COUNT, some.binary(min_size=32, max_size=32)
)
def test_it_is_completed_to_the_canonical_bytes(kind, changed, at, number, prev):
    members = members_of(kind, changed)
    added = {"at": at, "number": number, "prev": prev}
    try:
        wanted = complete_leaf(members, **added)
    except InvalidInput:
        with pytest.raises(InvalidInput):
            LeafDraft.of(members)
        return
    draft = LeafDraft.of(members)
    assert draft.complete(**added) == wanted
    assert LeafDraft.unpack(draft.pack()) == draft
    assert (draft.kind, draft.judged, draft.members()) == (kind, 9, members)
    refused = complete_leaf(members, **added, refusal="quota-calls")
    assert draft.complete(**added, refusal="quota-calls") == refused


def test_one_that_is_too_long_is_refused_when_it_is_completed():
    draft = LeafDraft.of(members_of(CALL, {"base": "x" * LIMIT}))
    with pytest.raises(InvalidInput, match="more than 4096"):
        draft.complete(at=1)


def test_one_that_has_no_canonical_form_is_refused_when_it_is_rendered():
    with pytest.raises(InvalidInput):
        LeafDraft.of(members_of(CALL, {"rows": 2**60}))


@given(some.binary(max_size=60) | some.just(b"call\x0012\x00a"))
def test_of_anything_unpacking_raises_only_our_own(data):
    with pytest.raises(InvalidInput):
        LeafDraft.unpack(data)
