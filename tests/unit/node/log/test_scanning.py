"""Looking through a log: whatever the stretch, nothing is skipped and nothing found twice."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from node.errors import NotFound
from node.log import Committer, LogReader, LogScanner
from node.protocol.wire.leaf import commitment, parse_leaf
from node.protocol.wire.merkle import leaf_hash
from node.storage.engines import open_engine
from tests.common.logs import NOON, Clock, commit_all, new_draft, new_identity, with_members

SIZE = 600
SALT = b"\x07" * 16


@pytest.fixture(scope="module")
def identity():
    return new_identity()


@pytest.fixture(scope="module")
def leaves(tmp_path_factory, identity):
    path = tmp_path_factory.mktemp("log") / "log.db"
    clock = Clock()
    committer = Committer(open_engine(path), [identity], clock=clock)
    leaves = []
    for start in range(0, SIZE, 100):
        drafts = [new_draft(identity, n) for n in range(start, start + 100)]
        for number, draft in enumerate(drafts, start):
            if number % 50 == 3:
                matter = commitment(SALT, f"2026-{number}").hex()
                drafts[number - start] = with_members(draft, matter=matter)
        leaves += [done.leaf for done in commit_all(committer, drafts)]
        clock.milliseconds += 1_000
    committer.close()
    return path, leaves


@pytest.fixture
def scanner(leaves):
    engine = open_engine(leaves[0], readonly=True)
    yield LogScanner(LogReader(engine))
    engine.dispose()


class TestScan:
    @settings(max_examples=8, deadline=None)
    @example(limit=1, stretch=1, every=7)
    @example(limit=70, stretch=SIZE + 9, every=1)
    @given(limit=st.integers(1, 70), stretch=st.integers(1, SIZE + 9), every=st.integers(1, 90))
    def test_stretch_by_stretch_gives_every_leaf_once(
        self, leaves, identity, limit, stretch, every
    ):
        engine = open_engine(leaves[0], readonly=True)
        scanner = LogScanner(LogReader(engine))
        wanted = set(leaves[1][::every])
        found: list[tuple[int, bytes]] = []
        before: int | None = None
        while before != 0:
            part = scanner.scan(
                identity.log, wanted.__contains__, before=before, limit=limit, stretch=stretch
            )
            assert len(part.found) <= limit
            found += part.found
            before = part.before
        assert found == [
            (index, leaf) for index, leaf in reversed(list(enumerate(leaves[1]))) if leaf in wanted
        ]
        engine.dispose()

    def test_an_index_beyond_the_log_is_its_end(self, scanner, identity):
        newest = scanner.scan(identity.log, lambda _: True, before=10**9, limit=1)
        assert newest.found[0][0] == SIZE - 1

    def test_an_unknown_log_is_not_found(self, scanner):
        assert not scanner.has(bytes(32))
        with pytest.raises(NotFound):
            scanner.scan(bytes(32), lambda _: True)


class TestIndexAt:
    @pytest.mark.parametrize(
        ("moment", "index"),
        [(0, 0), (NOON, 0), (NOON + 1, 100), (NOON + 2_000, 200), (NOON + 9_000, SIZE)],
    )
    def test_is_the_first_entry_not_before_a_moment(self, scanner, identity, moment, index):
        assert scanner.index_at(identity.log, moment) == index


class TestFindLeaf:
    @pytest.mark.parametrize("index", [0, 255, 256, SIZE - 1])
    def test_finds_a_leaf_by_its_hash(self, scanner, identity, leaves, index):
        assert scanner.find_leaf(identity.log, leaf_hash(leaves[1][index])) == index

    def test_half_of_one_hash_and_half_of_the_next_is_none(self, scanner, identity, leaves):
        halves = leaf_hash(leaves[1][0])[16:] + leaf_hash(leaves[1][1])[:16]
        assert scanner.find_leaf(identity.log, halves) is None


class TestFindMatter:
    def test_finds_the_call_whose_commitment_opens(self, scanner, identity):
        found = scanner.find_matter(identity.log, "2026-203", lambda _: SALT).found
        assert [index for index, _ in found] == [203]

    def test_asks_for_the_salt_of_each_event(self, scanner, identity, leaves):
        event = parse_leaf(leaves[1][53]).event
        salts = {event: SALT}
        found = scanner.find_matter(identity.log, "2026-53", lambda each: salts.get(each, b""))
        assert [index for index, _ in found.found] == [53]
        assert found.before == 0

    def test_another_salt_opens_nothing(self, scanner, identity):
        assert scanner.find_matter(identity.log, "2026-203", lambda _: b"").found == ()
