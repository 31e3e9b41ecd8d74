import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from node.errors import ConsistencyInvalid, InclusionInvalid
from node.protocol.wire import merkle
from tests.common import trees
from tests.common.vectors import load_vectors

VECTORS = load_vectors("merkle")
VECTOR_LEAVES = [bytes.fromhex(leaf) for leaf in VECTORS["leaves"]]
VECTOR_ROOTS = [bytes.fromhex(root) for root in VECTORS["roots"]]
LEAVES = [b"leaf %d" % position for position in range(70)]
HASHES = [merkle.leaf_hash(leaf) for leaf in LEAVES]
SIZES = st.integers(1, len(LEAVES))


def unhex(proof: list[str]) -> list[bytes]:
    return [bytes.fromhex(node) for node in proof]


class TestVectors:
    def test_roots(self) -> None:
        assert trees.root_of([]).hex() == VECTORS["empty"]
        hashes = [merkle.leaf_hash(leaf) for leaf in VECTOR_LEAVES]
        assert [trees.root_of(hashes[:size]) for size in range(1, 9)] == VECTOR_ROOTS

    def test_inclusion_proofs(self) -> None:
        for case in VECTORS["inclusion"]:
            leaf = merkle.leaf_hash(VECTOR_LEAVES[case["index"]])
            root = VECTOR_ROOTS[case["size"] - 1]
            merkle.verify_inclusion(leaf, case["index"], case["size"], unhex(case["proof"]), root)

    def test_consistency_proofs(self) -> None:
        for case in VECTORS["consistency"]:
            old, root = VECTOR_ROOTS[case["old"] - 1], VECTOR_ROOTS[case["size"] - 1]
            merkle.verify_consistency(case["old"], old, case["size"], root, unhex(case["proof"]))


def test_roots_agree_with_pymerkle() -> None:
    tree = InmemoryTree(algorithm="sha256")
    for size, leaf in enumerate(LEAVES, start=1):
        tree.append_entry(leaf)
        assert tree.get_root() == trees.root_of(HASHES[:size]) == trees.root(LEAVES[:size])


def test_inclusion_proofs_of_pymerkle_verify() -> None:
    tree = InmemoryTree(algorithm="sha256")
    for leaf in LEAVES:
        tree.append_entry(leaf)
    for index in range(len(LEAVES)):
        path = [bytes.fromhex(node) for node in tree.prove_inclusion(index + 1).serialize()["path"]]
        assert path[0] == HASHES[index]
        merkle.verify_inclusion(
            HASHES[index], index, len(LEAVES), trees.path(index, LEAVES), tree.get_root()
        )
        assert sorted(path[1:]) == sorted(trees.path(index, LEAVES))


@given(SIZES, st.data())
def test_every_leaf_of_every_tree_is_included(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, root = trees.path(index, LEAVES[:size]), trees.root(LEAVES[:size])
    assert len(proof) == merkle.inclusion_length(index, size)
    merkle.verify_inclusion(HASHES[index], index, size, proof, root)


@given(SIZES, st.data())
def test_no_leaf_is_included_elsewhere(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, root = trees.path(index, LEAVES[:size]), trees.root(LEAVES[:size])
    elsewhere = data.draw(st.integers(-2, size + 2).filter(lambda other: other != index))
    with pytest.raises(InclusionInvalid):
        merkle.verify_inclusion(HASHES[index], elsewhere, size, proof, root)


@given(SIZES, st.data())
def test_a_changed_inclusion_proof_is_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, root = trees.path(index, LEAVES[:size]), trees.root(LEAVES[:size])
    for broken in damaged(proof, data):
        with pytest.raises(InclusionInvalid):
            merkle.verify_inclusion(HASHES[index], index, size, broken, root)


@given(SIZES, st.data())
def test_every_tree_continues_every_smaller_one(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, size))
    proof = trees.proof(old, LEAVES[:size]) if old > 0 else []
    roots = trees.root(LEAVES[:old]), trees.root(LEAVES[:size])
    merkle.verify_consistency(old, roots[0], size, roots[1], proof)
    for broken in damaged(proof, data):
        with pytest.raises(ConsistencyInvalid):
            merkle.verify_consistency(old, roots[0], size, roots[1], broken)
    with pytest.raises(ConsistencyInvalid):
        merkle.verify_consistency(old, bytes(32), size, roots[1], proof)
    if old:
        with pytest.raises(ConsistencyInvalid):
            merkle.verify_consistency(old, roots[0], size, bytes(32), proof)


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_a_rewritten_tree_never_continues_the_old_one(
    old: int, more: int, data: st.DataObject
) -> None:
    """Whatever proof is made for the forged tree, the old root does not fit it."""
    size = min(old + more, len(LEAVES))
    if old == size:
        return
    forged = list(LEAVES[:size])
    forged[data.draw(st.integers(0, old - 1))] = b"forged"
    with pytest.raises(ConsistencyInvalid):
        merkle.verify_consistency(
            old, trees.root(LEAVES[:old]), size, trees.root(forged), trees.proof(old, forged)
        )


def damaged(proof: list[bytes], data: st.DataObject) -> list[list[bytes]]:
    """Return the proof with one hash too many, too few, too short, changed."""
    broken = [[*proof, bytes(32)]]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        broken.append(proof[:at] + proof[at + 1 :])
        broken.append([*proof[:at], bytes(32), *proof[at + 1 :]])
        broken.append([*proof[:at], proof[at][:31], *proof[at + 1 :]])
    return broken


@given(
    st.integers(-5, 2**64),
    st.integers(-5, 2**64),
    st.lists(st.binary(max_size=33), max_size=70),
    st.binary(max_size=33),
)
def test_verifiers_raise_nothing_but_their_own_error(
    a: int, b: int, proof: list[bytes], root: bytes
) -> None:
    with pytest.raises(InclusionInvalid):
        merkle.verify_inclusion(bytes(32), a, b, proof, root)
    try:
        merkle.verify_consistency(a, root, b, root, proof)
    except ConsistencyInvalid:
        return
    assert not proof
    assert a == b or (a == 0 and root == merkle.EMPTY_ROOT)


def test_a_tree_does_not_shrink() -> None:
    with pytest.raises(ConsistencyInvalid, match="does not continue"):
        merkle.verify_consistency(5, bytes(32), 4, bytes(32), [])


def test_an_empty_proof_connects_nothing() -> None:
    with pytest.raises(ConsistencyInvalid, match="empty"):
        merkle.verify_consistency(3, bytes(32), 4, bytes(32), [])
