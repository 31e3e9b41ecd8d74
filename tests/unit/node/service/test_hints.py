"""How often a node looks why a signature failed."""

from __future__ import annotations

from unittest.mock import patch

from node.crypto import SoftwareSigner
from node.crypto.neighbours import NEIGHBOURS
from node.service import hints
from node.service.hints import MOST_IN_ALL, MOST_OF_A_KEY, WINDOW_SECONDS, Hints

SIGNER = SoftwareSigner.generate()
PUBLIC = SIGNER.public_key
SIGNATURE = SIGNER.sign_e(NEIGHBOURS[0].e(PUBLIC, b"text"))


def test_a_key_is_looked_up_a_few_times_a_minute() -> None:
    now = [0.0]
    looking = Hints(lambda: now[0])
    for _ in range(2):
        found = [looking.find(PUBLIC, b"text", SIGNATURE) for _ in range(MOST_OF_A_KEY + 3)]
        assert found == [NEIGHBOURS[0]] * MOST_OF_A_KEY + [None] * 3
        now[0] += WINDOW_SECONDS


def test_whoever_names_every_key_makes_no_more_work_than_the_whole_allows() -> None:
    looking, keys = Hints(lambda: 0.0), MOST_IN_ALL
    publics = [SoftwareSigner.generate().public_key for _ in range(keys)]
    with patch.object(hints, "find_neighbour", return_value=None) as look:
        for _ in range(MOST_OF_A_KEY + 1):
            for public in publics:
                looking.find(public, b"text", bytes(64))
    assert look.call_count == MOST_IN_ALL
    assert len(looking._looks) <= MOST_IN_ALL
