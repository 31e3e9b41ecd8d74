"""What a call was judged by, read back from the model block by block."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ledger_sync.follower import Follower
from ledger_sync.queries import Queries
from ledger_sync.trace.judging import check_stability
from node.errors import VerificationError
from node.protocol.ledger.enums import AuthorisationState
from node.protocol.wire.signedcall import content_digest, signature_base, signature_params
from tests.common.story import EDUCATION, Story, tell_city


def leaf_of(key_id: bytes, block: int) -> Any:
    base = signature_base(
        method="POST",
        authority="127.0.0.1:8101",
        path="/api/v1/authorisations/1/query",
        query="",
        content_type="application/json",
        digest=content_digest(b"{}"),
        params=signature_params(1_790_000_000, "n" * 24, key_id.hex()),
    )
    return SimpleNamespace(base=base, authorisation=1, block_number=block)


def test_a_key_revoked_in_the_next_block_of_one_second_was_live_in_this_one(engine):
    story = Story.begin()
    city = tell_city(story)
    key_id = city["call_key"].public_key.key_id
    before = story.chain.headers(story.chain.head(), story.chain.head())[0]
    story.mine(timestamp=before.timestamp)
    story.revoke(key_id, story.heads[EDUCATION])
    story.mine(timestamp=before.timestamp)
    follower = Follower(engine, story.chain, story.deployment)
    while follower.run_once():
        pass
    follower.close()
    queries = Queries(engine)
    leaf = leaf_of(key_id, before.number)
    check_stability(queries, leaf, queries.get_block(before.number + 1))
    with pytest.raises(VerificationError, match="undetermined"):
        check_stability(queries, leaf, queries.get_block(before.number + 2))


def test_an_authorisation_suspended_and_resumed_meanwhile_leaves_it_undetermined(engine):
    story = Story.begin()
    city = tell_city(story)
    follower = Follower(engine, story.chain, story.deployment)
    while follower.run_once():
        pass
    follower.close()
    queries = Queries(engine)
    suspended = next(
        step.block for step in queries.steps(1) if step.after.state == AuthorisationState.SUSPENDED
    )
    leaf = leaf_of(city["call_key"].public_key.key_id, suspended - 1)
    last = queries.get_block(story.chain.head())
    now = queries.authorisation_at(1, last.number)
    assert now is not None
    assert now.state == AuthorisationState.AGREED
    with pytest.raises(VerificationError, match="undetermined"):
        check_stability(queries, leaf, last)
