"""The log a history anchors: every step proves itself, by two other implementations."""

from __future__ import annotations

from hashlib import sha256

from bench.against.history import growth
from node.protocol.wire.merkle import EMPTY_ROOT, verify_consistency
from tests.common import trees

LEAVES = [b"%d" % number for number in range(70)]


def test_every_root_is_rfc_6962s():
    for size, root, _ in growth(len(LEAVES)):
        assert root == trees.root(LEAVES[:size])


def test_every_proof_is_rfc_6962s_and_holds():
    before = EMPTY_ROOT
    for size, root, proof in growth(len(LEAVES)):
        verify_consistency(size - 1, before, size, root, proof)
        assert proof == (trees.proof(size - 1, LEAVES[:size]) if size > 1 else [])
        before = root


def test_it_begins_with_a_single_leaf():
    assert next(growth(1)) == (1, sha256(b"\x000").digest(), [])
