"""The tile tree against pymerkle, the RFC 6962 definition and the verifiers."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from node.log.tree import (
    Edge,
    GrowingTree,
    Tile,
    get_consistency,
    get_last_paths,
    get_path,
)
from node.protocol.wire.merkle import (
    EMPTY_ROOT,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from tests.common.trees import root_of

# Certificate Transparency's reference leaves and roots of their first 1..8 (RFC 6962 trees;
# certificate-transparency-go merkle/logverifier tests).
CT_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def naive_root(hashes):
    """RFC 6962 section 2.1, word for word: split at the largest power of two below n."""
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256(b"").digest()
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(b"\1" + naive_root(hashes[:split]) + naive_root(hashes[split:])).digest()


class Store:
    """A tile store in memory, written the way the commit writes it."""

    def __init__(self):
        self.tiles = {}

    def save(self, tree):
        self.tiles |= {(level, number): hashes for level, number, hashes in tree.changed()}
        tree.settle()

    def tile(self, level, number):
        return Tile(self.tiles[level, number])

    def load(self, size):
        wanted = GrowingTree.open_tiles(size)
        return GrowingTree(
            size, [self.tile(level, n) if width else Tile() for level, n, width in wanted]
        )


def grown(hashes, batch):
    store, tree = Store(), GrowingTree(0, [])
    for start in range(0, len(hashes), batch):
        for hash_ in hashes[start : start + batch]:
            tree.append(hash_)
        store.save(tree)
    return store, tree


def leaf_hashes(count):
    return [leaf_hash(number.to_bytes(4, "big")) for number in range(count)]


class TestRoots:
    def test_an_empty_tree_has_the_hash_of_nothing(self):
        assert GrowingTree(0, []).edge().root == EMPTY_ROOT == sha256(b"").digest()

    def test_the_reference_leaves_have_the_reference_roots(self):
        tree = GrowingTree(0, [])
        roots = []
        for leaf in CT_LEAVES:
            tree.append(leaf_hash(leaf))
            roots.append(tree.edge().root.hex())
        assert roots == CT_ROOTS

    @pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537])
    def test_a_root_at_a_tile_border_is_that_of_the_definition(self, size):
        hashes = leaf_hashes(size)
        _, tree = grown(hashes, 1000)
        assert tree.edge().root == root_of(hashes)

    def test_roots_and_proofs_equal_those_of_pymerkle(self):
        other = InmemoryTree(algorithm="sha256")
        entries = [number.to_bytes(2, "big") for number in range(300)]
        for data in entries:
            other.append_entry(data)
        store, tree = grown([leaf_hash(data) for data in entries], 7)
        edge = tree.edge()
        assert edge.root == other.get_root()
        assert Edge(123, store.tile).root == other.get_root(123)
        for index in (0, 1, 255, 256, 299):
            # pymerkle counts entries from 1 and puts the leaf's own hash first.
            assert get_path(store.tile, edge, index) == other.prove_inclusion(index + 1).path[1:]


class TestRfc6962Example:
    """Section 2.1.3: the tree of seven leaves and the proofs printed for it."""

    hashes = leaf_hashes(7)
    a, b, c, d, e, f, j = hashes
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    # The RFC calls them g = (a b), h = (c d), i = (e f), k = (g h), l = (i j).
    k, l = node_hash(g, h), node_hash(i, j)  # noqa: E741 - the RFC's own name

    def test_the_audit_paths_are_the_printed_ones(self):
        store, tree = grown(self.hashes, 3)
        paths = {index: get_path(store.tile, tree.edge(), index) for index in (0, 3, 4, 6)}
        assert paths == {
            0: [self.b, self.h, self.l],
            3: [self.c, self.g, self.l],
            4: [self.f, self.j, self.k],
            6: [self.i, self.k],
        }

    def test_the_consistency_proofs_are_the_printed_ones(self):
        store, tree = grown(self.hashes, 3)
        proofs = {old: get_consistency(store.tile, tree.edge(), old) for old in (3, 4, 6)}
        assert proofs == {
            3: [self.c, self.d, self.g, self.l],
            4: [self.l],
            6: [self.i, self.j, self.k],
        }


class TestLaws:
    @settings(max_examples=60, deadline=None)
    @given(
        batches=st.lists(st.integers(1, 300), min_size=1, max_size=6),
        restarts=st.sets(st.integers(0, 5)),
        data=st.data(),
    )
    def test_any_split_into_batches_gives_the_naive_tree_and_its_proofs(
        self, batches, restarts, data
    ):
        hashes = leaf_hashes(sum(batches))
        store, tree = Store(), GrowingTree(0, [])
        for number, batch in enumerate(batches):
            if number in restarts:
                tree = store.load(tree.size)
            start = tree.size
            for hash_ in hashes[start : start + batch]:
                tree.append(hash_)
            edge = tree.edge()
            for index in {start, tree.size - 1, (start + tree.size) // 2}:
                proof = get_path(tree.tile, edge, index)
                verify_inclusion(hashes[index], index, tree.size, proof, edge.root)
            store.save(tree)
        assert tree.edge().root == naive_root(hashes)
        size = data.draw(st.integers(1, len(hashes)))
        old = data.draw(st.integers(0, size))
        index = data.draw(st.integers(0, size - 1))
        edge = Edge(size, store.tile)
        assert edge.root == naive_root(hashes[:size])
        verify_inclusion(hashes[index], index, size, get_path(store.tile, edge, index), edge.root)
        proof = get_consistency(store.tile, edge, old)
        verify_consistency(old, naive_root(hashes[:old]), size, edge.root, proof)

    def test_every_proof_of_every_small_tree_verifies(self):
        hashes = leaf_hashes(40)
        store, _ = grown(hashes, 11)
        for size in range(1, 41):
            edge = Edge(size, store.tile)
            for index in range(size):
                path = get_path(store.tile, edge, index)
                verify_inclusion(hashes[index], index, size, path, edge.root)
            for old in range(size + 1):
                proof = get_consistency(store.tile, edge, old)
                verify_consistency(old, naive_root(hashes[:old]), size, edge.root, proof)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 600), st.integers(1, 300))
def test_the_last_paths_are_those_of_each(before, count):
    tree = GrowingTree(0, [])
    for hash_ in leaf_hashes(before):
        tree.append(hash_)
    tree.settle()
    for hash_ in leaf_hashes(count):
        tree.append(hash_)
    edge = tree.edge()
    wanted = [tuple(get_path(tree.tile, edge, index)) for index in range(before, before + count)]
    assert get_last_paths(tree, edge, count) == wanted


class TestTile:
    @pytest.mark.parametrize("width", [0, 1, 2, 3, 128, 255, 256])
    def test_one_read_back_has_the_nodes_of_the_one_that_grew(self, width):
        grown_tile = Tile()
        for hash_ in leaf_hashes(width):
            grown_tile.append(hash_)
        assert Tile(grown_tile.hashes).levels == grown_tile.levels
        assert grown_tile.width == width

    def test_a_tree_refuses_to_answer_for_tiles_it_no_longer_holds(self):
        _, tree = grown(leaf_hashes(600), 600)
        with pytest.raises(KeyError):
            tree.tile(0, 0)
