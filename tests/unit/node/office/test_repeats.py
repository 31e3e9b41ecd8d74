"""The same thing meant twice, and two commands that mean it at once."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from typing import Any

import pytest

from node.errors import Conflict
from node.office import authorising, cataloguing, departments
from node.office.authorising import Request
from node.office.repeats import Repeats, intention_of
from node.storage import postgresql
from tests.common import papers
from tests.common.pgstores import new_database

VERSION = cataloguing.submit_versions([papers.catalogue_version()]).documents[0]
TERMS = {
    "provider": papers.POLICE,
    "consumer": papers.EDUCATION,
    "rowScope": {},
    "filterOnly": [],
    "masks": {},
    "disposal": {"method": "销毁", "days": 30, "note": None},
}


def applied(**changes):
    """An application with terms: two papers, one of which names the other."""
    return authorising.apply_for([Request(papers.application(**changes), VERSION, TERMS)])


@pytest.fixture(params=["sqlite", "postgresql"])
def opened(request, tmp_path):
    """How the store is opened, as text: another process, or another host, does it as well."""
    if request.param == "sqlite":
        path = str(tmp_path / "node.db")
        return f"from node.storage.engines import open_engine as o; e = o({path!r})"
    address = new_database()
    postgresql.prepare(address, ["node"])
    return f"from node.storage.postgresql import open_schema as o; e = o({address!r}, 'node')"


@pytest.fixture
def repeats(opened):
    found: dict[str, Any] = {}
    exec(opened, found)  # noqa: S102 - two lines above
    yield Repeats(found["e"])
    found["e"].dispose()


class TestIntentionOf:
    def test_is_the_same_for_an_act_built_again(self):
        first, second = applied(), applied()
        assert first.documents != second.documents
        assert intention_of(first) == intention_of(second)

    def test_is_another_for_another_paper(self):
        assert intention_of(applied()) != intention_of(applied(scope="另一范围"))

    def test_is_another_for_another_field_of_the_struct(self):
        on, off = (
            cataloguing.set_standing_reply(
                papers.POLICE, "1/1", standing=standing, calls_per_day=1, rows_per_day=1
            )
            for standing in (True, False)
        )
        assert intention_of(on) != intention_of(off)

    def test_is_another_for_another_kind_of_decision(self):
        added = departments.add_key(papers.key())
        assert intention_of(added) != intention_of(added._replace(kind="RevokeKey"))

    def test_tells_a_protective_step_from_one_against_another_state(self):
        step = authorising.protect(1, 14, 1)  # type: ignore[arg-type]  # suspend
        assert intention_of(step, b"\x01" * 32) != intention_of(step, b"\x02" * 32)


class TestRepeats:
    def test_remembers_the_decision_that_stands_last(self, repeats):
        meant = b"\x01" * 32
        assert repeats.find(meant) is None
        for decision in (b"\x02" * 32, b"\x03" * 32):
            repeats.keep({meant: decision})
            assert repeats.find(meant) == decision

    def test_keeps_another_process_from_deciding_the_same(self, repeats, opened):
        code = (
            f"{opened}\n"
            "from node.office.repeats import Repeats; from node.errors import Conflict\n"
            "repeats = Repeats(e)\n"
            "for byte in (1, 2):\n"
            "    try:\n"
            "        with repeats.alone(bytes([byte]) * 32): print('decides', byte)\n"
            "    except Conflict: print('waits', byte)\n"
        )
        with repeats.alone(b"\x01" * 32):
            done = subprocess.run(  # noqa: S603 - our own interpreter
                [sys.executable, "-c", code],
                capture_output=True,
                text=True,
                check=True,
            )
        assert done.stdout.split("\n")[:2] == ["waits 1", "decides 2"]

    def test_keeps_another_thread_of_the_same_node_from_deciding_the_same(self, repeats):
        # One node decides in sixteen threads: each would sign, and the same would be done twice.
        with repeats.alone(b"\x01" * 32):
            for _ in range(2):
                with repeats.alone(b"\x02" * 32):
                    pass
                with pytest.raises(Conflict), repeats.alone(b"\x01" * 32):
                    pass
        with repeats.alone(b"\x01" * 32):
            pass

    def test_takes_several_together_or_none(self, repeats):
        one, two, three = (bytes([byte]) * 32 for byte in (1, 2, 3))
        with repeats.alone(one, two):
            with pytest.raises(Conflict), repeats.alone(three, two):
                pass
            with repeats.alone(three):
                pass
        with pytest.raises(Conflict), repeats.alone(one, one):
            pass

    def test_holds_no_connection_that_the_work_needs(self, repeats):
        """More decide at a time than a pool has connections, and each asks for one meanwhile."""
        with ExitStack() as many:
            for byte in range(40):
                many.enter_context(repeats.alone(bytes([byte]) * 32))
            assert repeats.find(b"\x01" * 32) is None
