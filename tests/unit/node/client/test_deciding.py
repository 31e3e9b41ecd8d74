"""What a node prepared is signed only if it says what was asked, or shows what the node added."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest

from node.client.asking import Asked
from node.client.deciding import check_prepared
from node.errors import InvalidInput, LedgerError, VerificationError
from node.protocol import forms
from node.protocol.evm.decision import DECISIONS, Domain
from node.protocol.wire import canonical
from node.protocol.wire.prepared import parse_prepared, render_prepared
from tests.common import papers
from tests.common.prepared import CASES, DOMAIN, NOW, VERSION, prepared_of


def trusting(_contract, _domain):
    return None


def check(case, prepared, *, asked=True, require=trusting):
    question = Asked(case.kind, case.fields) if asked else None
    return check_prepared(prepared, question, now=NOW, require_domain=require)


def leaves(value, path=()):
    """Yield (path, value) of every leaf, and of every list that could be shorter."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from leaves(each, (*path, name))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from leaves(each, (*path, index))
        if value:
            yield path, value
    else:
        yield path, value


def put(value, path, new):
    changed = copy.deepcopy(value)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = new
    return changed


WORDS = [
    *forms.STEPS,
    *forms.ANSWERS,
    *forms.MODES,
    *forms.ROLES,
    *forms.KEY_KINDS,
    *forms.STATUSES,
]


def others(value):
    """Yield other values of a leaf's form; some are lawful in its place."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, bytes):
        yield bytes([value[0] ^ 1]) + value[1:]
    elif isinstance(value, list):
        yield value[1:]
        yield [*value, value[0]]
    elif value is None:
        yield from ("2026-05-05", "另有一句", "5f" * 32)
    else:
        yield from (value + "。", papers.EDUCATION, "2099-11-30", "5f" * 32, papers.OTHER_KEY)
        yield from ("10.1.1.1", "http://10.9.9.9:1", "a9" * 20, "XM", "30300101/06002")
        yield from WORDS if value in WORDS else ()


class TestWhatIsHonest:
    @pytest.mark.parametrize("name", CASES)
    def test_is_passed_with_the_hash_the_contract_will_ask_for(self, name):
        case = CASES[name]
        prepared = case.prepare()
        reviewed = check(case, prepared)
        assert reviewed.hash == prepared.hash
        assert tuple(each.data for each in reviewed.documents) == prepared.documents

    def test_is_there_for_every_kind_of_decision(self):
        assert {case.kind for case in CASES.values()} == set(DECISIONS)

    def test_names_what_the_node_filled_in(self):
        reviewed = check(CASES["apply"], CASES["apply"].prepare())
        assert dict(reviewed.added) == {
            "applications.0.entry.version": 1,
            "applications.0.entry.name": "常住人口户籍信息",
        }
        assert check(CASES["enrol"], CASES["enrol"].prepare()).added == ()

    def test_may_leave_out_what_is_an_empty_list(self):
        case = CASES["step"]
        fields = {name: each for name, each in case.fields.items() if name != "points"}
        prepared = case.prepare({**case.body, "points": []})
        added = check_prepared(
            prepared, Asked(case.kind, fields), now=NOW, require_domain=trusting
        ).added
        assert "points" not in dict(added)


class TestALie:
    @pytest.mark.parametrize("name", CASES)
    def test_about_a_document_is_caught_or_shown(self, name):
        """Every member in turn; the liar makes all that follows from it follow."""
        case = CASES[name]
        told = 0
        for path, value in leaves(case.body):
            for other in others(value):
                if other == value:
                    continue
                try:
                    prepared = case.prepare(put(case.body, path, other))
                except LedgerError:
                    continue  # no document: nothing a node could hand out
                told += 1
                try:
                    added = check(case, prepared).added
                except VerificationError:
                    continue
                plain = dict(added)
                place = ".".join(map(str, path))
                assert any(
                    known.endswith(place)
                    or f"{place}.".startswith(f"{known}.")
                    or known.startswith(place)
                    for known in plain
                ), (path, other, added)
        assert told >= len(list(leaves(case.body))) // 4, "hardly a lie was told"

    @pytest.mark.parametrize("name", CASES)
    def test_about_the_struct_is_caught_or_shown(self, name):
        """The hash always follows: it is computed here."""
        case = CASES[name]
        prepared = case.prepare()
        true = check(case, prepared).added
        for path, value in leaves(prepared.message):
            if path[0] in {"nonce", "notAfter"}:
                continue
            for other in others(value):
                lie = replace(prepared, message=put(prepared.message, path, other))
                try:
                    added = check(case, lie).added
                except (VerificationError, InvalidInput):
                    continue
                assert added != true, (path, other)

    @pytest.mark.parametrize("name", ["order", "reply"])
    def test_about_any_part_as_it_comes_over_the_wire_is_caught_or_shown(self, name):
        """Whatever is changed of the JSON: what is signed has not changed, or it is refused."""
        case = CASES[name]
        true = check(case, case.prepare())
        said = render_prepared(case.prepare())
        for path, value in leaves(said):
            for other in others(value):
                try:
                    reviewed = check(case, parse_prepared(put(said, path, other)))
                except (VerificationError, InvalidInput):
                    continue
                assert path[0] not in {"documents", "message", "hash", "text", "possession"}, path
                assert (reviewed.kind, reviewed.message["nonce"]) == (true.kind, 7)

    def test_that_adds_a_document_is_caught(self):
        case = CASES["apply"]
        prepared = case.prepare()
        with pytest.raises(VerificationError):
            check(case, replace(prepared, documents=(*prepared.documents, VERSION)))
        with pytest.raises(VerificationError):
            check(case, CASES["reply"].prepare())

    @pytest.mark.parametrize("said", [{"measures": "停用账号"}, {"due": "2026-05-01"}])
    def test_that_leaves_out_what_only_a_paper_says_is_caught(self, said):
        case = CASES["protect"]
        asked = Asked(case.kind, {**case.fields, **said})
        with pytest.raises(VerificationError, match=next(iter(said))):
            check_prepared(case.prepare(), asked, now=NOW, require_domain=trusting)

    def test_about_the_domain_is_left_to_who_knows_it(self):
        case = CASES["apply"]
        asked = []
        check(case, case.prepare(), require=lambda *each: asked.append(each))
        assert asked == [("ShareAuthorisations", DOMAIN)]
        elsewhere = prepared_of(case.build(case.body), VERSION, domain=Domain(1, b"\xee" * 20))

        def known(_contract, domain):
            if domain != DOMAIN:
                raise VerificationError("another system")

        with pytest.raises(VerificationError, match="another system"):
            check(case, elsewhere, require=known)

    def test_about_how_long_it_counts_is_caught(self):
        case = CASES["order"]
        act = case.build(case.body)
        for term in (NOW, NOW - 1, NOW + 7 * 86_400 + 1):
            late = act._replace(message={**act.message, "notAfter": term})
            with pytest.raises(VerificationError, match="有效期"):
                check(case, prepared_of(late))

    def test_about_which_items_the_bits_are_is_caught(self):
        """The version is the node's word; without one, or with another's, nothing is signed."""
        case = CASES["apply"]
        body = papers.catalogue_version()
        turned = {**body, "items": body["items"][::-1]}
        other = forms.new_document("catalogue-version", {**body, "version": 2})
        for references in ((), (forms.new_document("catalogue-version", turned),), (other,)):
            lie = replace(case.prepare(), references=references)
            if references and forms.parse(references[0]).body.version == 1:
                # Both items are asked for: the same bits, whichever is first.
                found = check(case, lie).references
                assert found[0].body.items[0].code == "GMSFHM"
                continue
            with pytest.raises(VerificationError):
                check(case, lie)

    def test_that_adds_a_term_nobody_asked_for_is_caught(self):
        case = CASES["freeze"]
        with pytest.raises(VerificationError):
            check(case, case.prepare({**case.body, "attachments": []} | {"reason": "别的理由"}))

    def test_in_a_document_that_is_none_is_caught(self):
        case = CASES["order"]
        prepared = case.prepare()
        for data in (b"", b"{}", b"[" * 100_000, prepared.documents[0] + b" ", VERSION):
            with pytest.raises(VerificationError):
                check(case, replace(prepared, documents=(data,)))
        with pytest.raises(VerificationError):
            check(case, replace(prepared, documents=()))

    def test_is_seen_whoever_asked(self):
        """An agent does not know what was asked: the parts still have to follow from each other."""
        case = CASES["grant"]
        prepared = case.prepare()
        assert check(case, prepared, asked=False).hash == prepared.hash
        members = canonical.loads(prepared.documents[0])
        other = canonical.dumps({**members, "reason": "别的"})
        with pytest.raises(VerificationError):
            check(case, replace(prepared, documents=(other,)), asked=False)
