"""Who acts for a competent department that is not active, and who may read what."""

from __future__ import annotations

import pytest

from node.errors import DecisionRefused
from node.protocol.ledger import competence, enums, facts
from node.protocol.ledger.surroundings import Memory
from node.protocol.wire import ids
from tests.common.codes import department_code

ROOT, COUNTY, TOWN, VILLAGE, POLICE = (ids.department_id(department_code(n)) for n in range(1, 6))
ABOVE = {ROOT: ROOT, COUNTY: ROOT, TOWN: COUNTY, VILLAGE: TOWN, POLICE: ROOT}
SUSPENDED = int(enums.DepartmentStatus.SUSPENDED)


@pytest.fixture
def store():
    """The root, a county that screens, a town under it, a village under that; and the police."""
    store = Memory()
    store.put(facts.LedgerFact(1, ROOT, 0))
    for department, above in ABOVE.items():
        code = ids.department_code(department)
        screening = department == COUNTY
        record = facts.DepartmentFact(department, code, above, above, 1, 3, screening, 1, ids.ZERO)
        store.put(record)
    return store


def suspend(store, *departments):
    for department in departments:
        store.put(store.find(facts.DepartmentFact, department)._replace(status=SUSPENDED))


class TestActing:
    def test_an_active_one_acts_itself(self, store):
        assert competence.competent_of(store, VILLAGE) == TOWN
        assert competence.competent_of(store, ROOT) == ROOT

    def test_the_nearest_active_one_acts_for_one_that_is_not(self, store):
        suspend(store, TOWN)
        assert competence.competent_of(store, VILLAGE) == COUNTY
        suspend(store, COUNTY)
        assert competence.competent_of(store, VILLAGE) == ROOT
        # That it is suspended itself changes nothing for who is competent for it.
        assert competence.competent_of(store, COUNTY) == ROOT

    def test_screening_stays_as_the_own_competent_one_has_it(self, store):
        assert competence.is_screened(store, TOWN)
        suspend(store, COUNTY)
        assert competence.is_screened(store, TOWN)
        assert not competence.is_screened(store, VILLAGE)

    def test_so_it_does_as_common_superior(self, store):
        assert competence.common_superior(store, TOWN, TOWN) == COUNTY
        suspend(store, COUNTY)
        assert competence.common_superior(store, TOWN, TOWN) == ROOT

    def test_one_that_is_not_enrolled_has_none(self, store):
        with pytest.raises(DecisionRefused, match="DepartmentUnknown"):
            competence.competent_of(store, b"n" * 32)


class TestParties:
    def test_are_those_behind_the_object_and_above_them(self, store):
        found = competence.parties_of(store, POLICE, "department", VILLAGE)
        assert found == {POLICE, VILLAGE, TOWN, ROOT}

    def test_who_acts_is_among_them_while_it_does(self, store):
        suspend(store, TOWN)
        assert COUNTY in competence.parties_of(store, VILLAGE, "department", VILLAGE)

    def test_an_object_that_does_not_exist_adds_nobody(self, store):
        for kind in ("authorisation", "entry", "application", "key"):
            found = competence.parties_of(store, POLICE, kind, b"n" * 32)
            assert found == {POLICE, ROOT}
