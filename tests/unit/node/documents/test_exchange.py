"""Documents reach every node entitled to them, and nobody else."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import delete, update

from node.documents.exchange import SILENT_SECONDS, SLOW_SECONDS
from node.documents.fetcher import FIRST_PAUSE_MS, LONGEST_PAUSE_MS
from node.documents.tables import document
from node.errors import (
    ConfigInvalid,
    Contradictory,
    DigestMismatch,
    DocumentUnknown,
    LedgerBehind,
    LedgerError,
    MalformedDocument,
    NotEntitled,
    PeerUnavailable,
    SignatureInvalid,
)
from node.protocol import forms as documents
from node.protocol.ledger.enums import KeyKind
from tests.common import papers
from tests.common.codes import department_code

from .common import (
    CENTRE,
    EDUCATION,
    ENTRY,
    POLICE,
    STRANGER,
    URLS,
    Clock,
    is_contradictory,
    key_of,
)


def version(**changes):
    return documents.new_document("catalogue-version", papers.catalogue_version(**changes))


def application(**changes):
    return documents.new_document("application", papers.application(**changes))


class TestAccept:
    def test_keeps_a_document_of_a_registered_department(self, city):
        data = version()
        digest = documents.digest_of(data)
        for _ in range(2):
            city.centre.access.accept(digest, data, key_of(POLICE))
        assert city.centre.store.get(digest) == data
        assert city.centre.store.find_authors([digest])[digest] == POLICE

    def test_refuses_unknown_keys_other_kinds_of_key_and_wrong_digests(self, city):
        data = version()
        digest = documents.digest_of(data)
        officer = b"officer".ljust(32)
        city.ledger.readers[officer] = city.ledger.readers[key_of(POLICE)].__class__(
            officer, KeyKind.OFFICER, POLICE, frozenset()
        )
        accept = city.centre.access.accept
        with pytest.raises(SignatureInvalid):
            accept(digest, data, b"unknown".ljust(32))
        with pytest.raises(NotEntitled):
            accept(digest, data, officer)
        with pytest.raises(DigestMismatch):
            accept(bytes(32), data, key_of(POLICE))
        with pytest.raises(MalformedDocument):
            accept(documents.digest_of(b"{}"), b"{}", key_of(POLICE))
        assert city.centre.store.find(digest) is None


class TestAcceptAll:
    def test_keeps_every_document_of_a_registered_department_or_none(self, city):
        made = [version(), application()]
        city.centre.access.accept_all(b"\n".join(made), key_of(POLICE))
        assert [city.centre.store.find(documents.digest_of(each)) for each in made] == made
        other = version()
        for wrong in (b"", b"{}", b"\n", b" "):
            with pytest.raises(MalformedDocument):
                city.centre.access.accept_all(other + b"\n" + wrong, key_of(POLICE))
        with pytest.raises(SignatureInvalid):
            city.centre.access.accept_all(other, b"unknown".ljust(32))
        assert city.centre.store.find(documents.digest_of(other)) is None


class TestRead:
    def test_of_an_unbound_document_is_for_its_author_only(self, city):
        data = version()
        digest = documents.digest_of(data)
        city.centre.access.accept(digest, data, key_of(POLICE))
        assert city.centre.access.read(digest, key_of(POLICE)) == data
        with pytest.raises(DocumentUnknown):
            city.centre.access.read(digest, key_of(EDUCATION))

    def test_of_a_public_document_is_for_every_registered_key(self, city):
        digest = city.submit(version())
        city.settle()
        assert city.centre.access.read(digest, city.ledger.register(STRANGER))

    def test_of_a_restricted_document_is_for_parties_and_their_auditors(self, city):
        city.submit(version())
        digest = city.apply(application())
        city.settle()
        auditor = city.ledger.register(STRANGER, KeyKind.OFFICER, auditor_for=[CENTRE])
        for key in (key_of(POLICE), key_of(EDUCATION), key_of(CENTRE), auditor):
            assert city.police.access.read(digest, key)

    def test_of_a_restricted_document_by_a_stranger_reads_like_an_unknown_one(self, city):
        city.submit(version())
        digest = city.apply(application())
        city.settle()
        stranger = city.ledger.register(STRANGER)
        own = city.ledger.register(STRANGER, KeyKind.OFFICER, auditor_for=[STRANGER])
        said = []
        for key in (stranger, own):
            with pytest.raises(DocumentUnknown) as refused:
                city.police.access.read(digest, key)
            said.append(refused.value.message.replace(digest.hex(), "?"))
        with pytest.raises(DocumentUnknown) as unknown:
            city.police.access.read(b"\1" * 32, stranger)
        said.append(unknown.value.message.replace("01" * 32, "?"))
        assert len(set(said)) == 1

    @pytest.mark.parametrize(
        ("kind", "parties"),
        [
            ("GrantRoles", []),  # a public kind
            ("ReviewVersions", []),  # another
            ("Step", [STRANGER, POLICE]),
        ],
    )
    def test_of_anothers_document_is_not_had_by_naming_it_in_a_decision_of_ones_own(
        self, city, kind, parties
    ):
        city.submit(version())
        digest = city.apply(application())
        city.settle()
        stranger = city.ledger.register(STRANGER)
        city.ledger.mine(
            kind,
            STRANGER,
            parties,
            digest=digest,
            department=STRANGER,
            competent=STRANGER,
            key=bytes(32),
            terms=bytes(32),
            authorisation=99,
            step=9,
        )
        for judged in (False, True):
            if judged:
                city.settle()
            for node in city.nodes:
                node.bindings.record(
                    city.ledger.decisions_after(node.bindings.position(), limit=256)
                )
            with pytest.raises(DocumentUnknown):
                city.police.access.read(digest, stranger)
            assert city.police.access.read(digest, key_of(POLICE))

    def test_of_anothers_document_is_not_had_by_applying_with_it(self, city):
        city.submit(version())
        data = application()
        digest = city.apply(data)
        city.settle()
        stranger = city.ledger.register(STRANGER)
        fields = documents.derive(documents.parse(data))
        mine = {**fields, "items": 0b11, "digest": digest, "terms": bytes(32)}
        mine.pop("department")
        city.ledger.mine(
            "ApplyFor",
            STRANGER,
            [POLICE, STRANGER, CENTRE],
            department=STRANGER,
            first=2,
            states=[1],
            applications=[mine],
        )
        city.police.bindings.record(
            city.ledger.decisions_after(city.police.bindings.position(), limit=256)
        )
        with pytest.raises(DocumentUnknown):
            city.police.access.read(digest, stranger)
        city.settle()
        with pytest.raises(DocumentUnknown):
            city.police.access.read(digest, stranger)

    def test_of_one_application_of_a_batch_is_not_for_the_next_ones_provider(self, city):
        """Parties are those of the one authorisation, and terms are only its own parties'."""
        city.enrol_all()
        city.submit(version())
        ours = application()
        terms = documents.new_document("terms", papers.terms())
        fields = documents.derive(documents.parse(ours))
        department = fields.pop("department")
        first, second = (
            {**fields, "items": 0b11, "digest": city.education.store.put(ours, EDUCATION)},
            {**fields, "items": 0b11, "digest": b"\5" * 32},
        )
        hidden = city.education.store.put(terms, EDUCATION)
        fact = city.ledger.mine(
            "ApplyFor",
            EDUCATION,
            [],
            department=department,
            first=1,
            states=[1, 1],
            applications=[{**first, "terms": bytes(32)}, {**second, "terms": hidden}],
        )
        fact.parties.update(
            {
                documents.authorisation_object(1): frozenset({POLICE, EDUCATION, CENTRE}),
                documents.authorisation_object(2): frozenset({STRANGER, EDUCATION, CENTRE}),
            }
        )
        city.settle()
        stranger = city.ledger.register(STRANGER)
        for digest in (first["digest"], hidden):
            with pytest.raises(DocumentUnknown):
                city.education.access.read(digest, stranger)
        assert city.education.access.read(first["digest"], key_of(POLICE)) == ours
        with pytest.raises(Contradictory, match="parties"):
            city.education.facts.terms(hidden, documents.authorisation_object(2))

    def test_of_a_restricted_document_not_judged_yet_is_for_those_it_names(self, city):
        digest = city.apply(application())  # its version is missing: it cannot be judged
        city.settle()
        assert city.education.access.read(digest, key_of(POLICE))
        with pytest.raises(DocumentUnknown):
            city.education.access.read(digest, key_of(CENTRE))


class TestHandOver:
    def test_leaves_a_public_document_with_another_node(self, city):
        city.enrol_all()
        data = version()
        url = city.police.exchange.hand_over(data)
        assert url in {URLS[CENTRE], URLS[EDUCATION]}
        assert city.network.nodes[url].store.get(documents.digest_of(data)) == data

    def test_leaves_an_application_with_a_party_or_its_competent(self, city, monkeypatch):
        city.enrol_all()
        data = application()
        city.network.off.add(URLS[POLICE])
        monkeypatch.setattr("node.documents.exchange.HAND_OVER_SECONDS", 0.0)
        assert city.education.exchange.hand_over(data) == URLS[CENTRE]

    def test_has_nobody_to_leave_the_first_document_with(self, city):
        city.centre.exchange._directory._overrides.clear()
        data = documents.new_document("department", papers.department(code=papers.CENTRE))
        assert city.centre.exchange.hand_over(data) is None

    def test_waits_for_its_own_key_to_be_registered(self, city):
        city.enrol_all()
        del city.ledger.readers[key_of(POLICE)]
        assert city.police.exchange.hand_over(version()) is None
        assert not [method for method, _ in city.network.requests if method != "GET"]

    def test_leaves_many_documents_each_with_somebody(self, city):
        city.enrol_all()
        papers_made = [documents.parse(version()) for _ in range(20)]
        urls = city.police.exchange.hand_over_all(papers_made)
        assert len(urls) == len(papers_made)
        for paper, url in zip(papers_made, urls, strict=True):
            assert city.network.nodes[url].store.get(paper.digest) == paper.data
        assert [method for method, _ in city.network.requests if method != "GET"] == ["POST"]

    def test_sends_no_more_at_once_than_a_node_takes(self, city, monkeypatch):
        city.enrol_all()
        papers_made = [documents.parse(version()) for _ in range(20)]
        size = len(papers_made[0].data)
        monkeypatch.setattr("node.documents.exchange.PARCEL_BYTES", 6 * (size + 20))
        assert None not in city.police.exchange.hand_over_all(papers_made)
        sent = [method for method, _ in city.network.requests if method != "GET"]
        assert sent == ["POST"] * 4

    def test_sends_each_parcel_by_the_department_it_is_of(self, city):
        """A restricted paper goes to its parties, a public one to anybody: two parcels."""
        city.enrol_all()
        made = [documents.parse(each) for each in (version(), application(), version())]
        urls = city.education.exchange.hand_over_all(made)
        for paper, url in zip(made, urls, strict=True):
            assert city.network.nodes[url].store.get(paper.digest) == paper.data

    def test_tries_a_node_that_does_not_answer_once_and_not_for_every_document(
        self, city, monkeypatch
    ):
        city.enrol_all()
        monkeypatch.setattr("node.documents.exchange.HAND_OVER_SECONDS", 0.0)
        city.network.off.add(URLS[CENTRE])
        papers_made = [documents.parse(version()) for _ in range(10)]
        urls = city.police.exchange.hand_over_all(papers_made)
        assert urls == [URLS[EDUCATION]] * len(papers_made)
        puts = [url for method, url in city.network.requests if method != "GET"]
        assert len([url for url in puts if url.startswith(URLS[CENTRE])]) == 1

    def test_fails_when_every_other_node_refuses(self, city, monkeypatch):
        city.enrol_all()
        monkeypatch.setattr("node.documents.exchange.HAND_OVER_SECONDS", 0.0)
        city.network.off |= set(URLS.values())
        with pytest.raises(PeerUnavailable, match="does not answer"):
            city.police.exchange.hand_over(version())


class TestFetcher:
    def test_brings_public_documents_to_every_node(self, city):
        city.enrol_all()
        digest = city.submit(version())
        city.settle()
        assert all(node.store.find(digest) for node in city.nodes)
        assert all(node.facts.version(digest).version == 1 for node in city.nodes)

    def test_brings_restricted_documents_to_the_parties_only(self, city):
        city.enrol_all()
        city.submit(version())
        digest = city.apply(application(department=papers.EDUCATION))
        city.ledger.facts[-1] = city.ledger.facts[-1].__class__(
            **{
                **{
                    name: getattr(city.ledger.facts[-1], name)
                    for name in ("position", "kind", "event", "acting")
                },
                "parties": {documents.authorisation_object(1): frozenset({POLICE, EDUCATION})},
            }
        )
        city.settle()
        assert city.police.store.find(digest)
        assert city.centre.store.find(digest) is None

    def test_waits_longer_and_longer_for_a_document_nobody_has(self, city):
        city.ledger.mine("RegisterApplication", EDUCATION, application=b"a" * 32, digest=b"d" * 32)
        city.police.settle()
        assert len(city.network.requests) > 0
        for tries in range(20):
            before = len(city.network.requests)
            pause = min(0.25 * 2**tries, LONGEST_PAUSE_MS / 1000)
            city.clock.now += pause - 0.125
            city.police.fetcher.run_once()
            assert len(city.network.requests) == before
            city.clock.now += 0.125
            city.police.fetcher.run_once()
            assert len(city.network.requests) > before
        assert pause == 4 * 3600

    @pytest.mark.parametrize("kind", ["EnrolDepartment", "AddKey"])
    def test_asks_at_once_for_everything_when_a_peer_or_its_key_is_new(self, city, kind):
        city.ledger.mine("RegisterApplication", EDUCATION, application=b"a" * 32, digest=b"d" * 32)
        for _ in range(18):
            city.police.fetcher.run_once()
            city.clock.now += 20_000
        city.police.fetcher.run_once()
        before = len(city.network.requests)
        city.clock.now += 1
        city.police.fetcher.run_once()
        assert len(city.network.requests) == before
        named: dict[str, Any] = {"department": STRANGER, "key": b"k" * 32, "addedKey": b"k" * 32}
        named |= {"holder": STRANGER, "headKey": b"k" * 32, "kind": 1}
        city.ledger.mine(kind, CENTRE, digest=bytes(32), **named)
        city.police.fetcher.run_once()
        assert len(city.network.requests) > before
        again = len(city.network.requests)
        city.clock.now += 0.25
        city.police.fetcher.run_once()
        assert len(city.network.requests) > again

    def test_judges_at_once_what_is_handed_in_after_it_was_asked_for_in_vain(self, city):
        data = version()
        digest = documents.digest_of(data)
        city.network.off.update(URLS.values())
        city.submit(data)
        with city.centre.engine.begin() as connection:
            connection.execute(delete(document))
        for _ in range(18):
            city.centre.fetcher.run_once()
            city.clock.now += 20_000
        with pytest.raises(LedgerBehind):
            city.centre.facts.version(digest)
        city.centre.access.accept(digest, data, key_of(POLICE))
        city.centre.fetcher.run_once()
        assert city.centre.facts.version(digest).code == "30300101/06001"

    def test_judges_nothing_by_a_document_that_was_edited_on_the_disk(self, city):
        digest = city.submit(version())
        city.police.settle()
        with city.police.engine.begin() as connection:
            edited = version(name="常住人口户籍信息（改）")
            connection.execute(update(document).values(data=edited))
        with pytest.raises(Contradictory):
            city.police.facts.version(digest)

    def test_takes_a_document_up_when_its_holder_comes_back(self, city):
        city.enrol_all()
        city.network.off.add(URLS[POLICE])
        digest = city.submit(version())
        city.police.settle()
        city.centre.settle()
        with pytest.raises(LedgerBehind):
            city.centre.facts.version(digest)
        city.network.off.clear()
        city.clock.now += 1
        city.centre.settle()
        assert city.centre.facts.version(digest).code == "30300101/06001"

    def test_asks_a_node_that_takes_long_to_fail_once_a_while_only(self, city):
        city.enrol_all()
        monotonic = Clock(0.0)
        city.centre.exchange._monotonic = monotonic
        asked = []

        def hang(_digest, key):
            asked.append(key)
            monotonic.now += SLOW_SECONDS + 1
            raise PeerUnavailable("timed out")

        city.police.access.read = hang
        digests = [city.submit(version(code=f"30300101/0600{n}")) for n in range(3)]
        city.centre.settle()
        assert asked == [key_of(CENTRE)]
        # Others are asked all the while: one of them has a paper by now.
        data = city.police.store.get(digests[2])
        city.education.access.accept(digests[2], data, key_of(POLICE))
        city.clock.now += LONGEST_PAUSE_MS / 1000
        city.education.settle()
        city.centre.settle()
        assert city.centre.store.find(digests[2]) == data
        monotonic.now += SILENT_SECONDS
        city.clock.now += LONGEST_PAUSE_MS / 1000
        city.centre.settle()
        assert asked.count(key_of(CENTRE)) == 2

    def test_outlives_a_peer_that_answers_with_nonsense(self, city):
        city.enrol_all()
        city.submit(version())
        city.police.settle()

        def refuse(*_):
            raise NotEntitled("go away")

        city.police.access.read = refuse
        city.centre.settle()
        assert city.centre.bindings.due(2**60, 10)

    def test_ends_on_a_fault_of_its_own(self, city):
        def fail(*_):
            raise ConfigInvalid("no key")

        city.police.exchange._identities[0].http.request = fail
        city.ledger.mine("RegisterApplication", CENTRE, application=b"a" * 32, digest=b"d" * 32)
        with pytest.raises(ConfigInvalid):
            city.police.fetcher.run(threading.Event(), threading.Event(), idle_seconds=0)

    def test_keeps_no_bytes_that_do_not_hash_to_the_digest(self, city):
        city.enrol_all()
        digest = city.submit(version())
        city.police.settle()
        lie = version(name="别的目录")
        city.police.access.read = lambda *_: lie
        city.centre.settle()
        assert city.centre.store.find(digest) is None
        assert city.centre.store.find(documents.digest_of(lie)) is None

    def test_marks_bytes_that_are_no_document(self, city):
        city.enrol_all()
        digest = documents.digest_of(b"garbage")
        city.police.access.read = lambda *_: b"garbage"
        city.ledger.mine("RegisterApplication", POLICE, application=b"a" * 32, digest=digest)
        city.centre.settle()
        assert is_contradictory(city.centre.bindings, f"application:{(b'a' * 32).hex()}")

    def test_does_everything_again_after_a_restart(self, city):
        city.enrol_all()
        digest = city.submit(version())
        city.police.settle()
        before = city.police.bindings.of(digest)
        city.police.bindings.record(city.ledger.facts)
        city.police.settle()
        assert city.police.bindings.of(digest) == before

    def test_runs_until_told_to_stop_and_rests_when_nothing_moves(self, city):
        stop, wake = threading.Event(), threading.Event()
        thread = threading.Thread(
            target=city.police.fetcher.run, args=(stop, wake), kwargs={"idle_seconds": 30}
        )
        thread.start()
        digest = city.submit(version())
        deadline = threading.Event()
        for _ in range(200):
            wake.set()
            if any(each.judged for each in city.police.bindings.of(digest)):
                break
            deadline.wait(0.02)
        stop.set()
        wake.set()
        thread.join(5)
        assert not thread.is_alive()
        assert city.police.facts.version(digest)

    def test_rests_until_the_next_document_is_due(self, city):
        city.enrol_all()
        city.police.settle()
        city.ledger.mine("RegisterApplication", CENTRE, application=b"a" * 32, digest=b"d" * 32)
        city.police.settle()
        rested = []

        class Bell(threading.Event):
            def wait(self, timeout=None):
                rested.append(timeout)
                stop.set()
                return True

        stop = threading.Event()
        city.police.fetcher.run(stop, Bell())
        assert rested == [FIRST_PAUSE_MS / 1000]

    def test_ends_on_an_error_that_waiting_does_not_mend(self, city):
        class Broken(LedgerError):
            code = "broken"

        def fail(*_):
            raise Broken("no")

        city.ledger.decisions_after = fail
        with pytest.raises(Broken):
            city.police.fetcher.run(threading.Event(), threading.Event(), idle_seconds=0)

    def test_rests_while_the_read_model_is_filled(self, city):
        stop = threading.Event()

        def behind(*_):
            stop.set()
            raise LedgerBehind("filling")

        city.ledger.decisions_after = behind
        city.police.fetcher.run(stop, threading.Event(), idle_seconds=0)


class TestContradictions:
    def test_a_version_of_another_share_type_is_served_by_nobody(self, city):
        city.enrol_all()
        digest = city.submit(version(), shareType=1)
        city.settle()
        name = documents.version_object(ENTRY, 1)
        for node in city.nodes:
            assert is_contradictory(node.bindings, name)
            with pytest.raises(Contradictory, match="shareType") as refused:
                node.facts.version(digest)
            assert refused.value.facts["object"] == name

    def test_an_application_for_other_items_than_it_says_is_found(self, city):
        city.submit(version())
        city.apply(application(), items=0b01)
        city.settle()
        assert is_contradictory(city.education.bindings, documents.authorisation_object(1))

    def test_an_application_is_judged_only_with_its_pinned_version(self, city):
        digest = city.apply(application())
        city.education.settle()
        with pytest.raises(LedgerBehind):
            city.education.facts.check(digest)
        city.submit(version())
        city.police.settle()
        city.clock.now += 1
        city.education.settle()
        city.education.facts.check(digest, documents.authorisation_object(1))

    def test_an_application_for_another_purpose_spoils_what_was_replied_to_it(self, city):
        """The provider's official read the paper; the chain grants what it does not say."""
        city.submit(version())
        applied = city.apply(application(), purpose=b"\1" * 32)
        answer = documents.new_document("reply", papers.reply(subject=applied.hex()))
        digest = city.police.store.put(answer, POLICE)
        fields = documents.derive(documents.parse(answer))
        parties = [POLICE, EDUCATION, CENTRE]
        city.ledger.mine("Reply", POLICE, parties, **fields, items=0b01, digest=digest)
        city.settle()
        name = documents.authorisation_object(1)
        assert [each.contradiction for each in city.police.bindings.of(digest)] == [None]
        with pytest.raises(Contradictory, match="purpose"):
            city.police.facts.check(digest, name)

    def test_nothing_is_served_while_an_earlier_paper_is_missing(self, city):
        city.submit(version())
        missing = b"\7" * 32
        parties = [POLICE, EDUCATION, CENTRE]
        city.apply(application())
        city.ledger.mine("Step", CENTRE, parties, authorisation=1, step=1, digest=missing)
        resumed = papers.step(step="恢复", subject=missing.hex())
        paper = documents.new_document("step", resumed)
        fields = documents.derive(documents.parse(paper))
        digest = city.police.store.put(paper, POLICE)
        city.ledger.mine("Step", POLICE, parties, **fields, digest=digest)
        city.settle()
        assert [each.contradiction for each in city.police.bindings.of(digest)] == [None]
        with pytest.raises(LedgerBehind, match=missing.hex()):
            city.police.facts.check(digest, documents.authorisation_object(1))

    def test_nothing_waits_for_the_paper_of_a_protective_step(self, city):
        """Whoever suspends may name a paper and never show it: nobody's calls end by that."""
        city.submit(version())
        digest = city.apply(application())
        parties = [POLICE, EDUCATION, CENTRE]
        for step in (14, 24, 17):
            city.ledger.mine(
                "Step", POLICE, parties, authorisation=1, step=step, digest=bytes([step]) * 32
            )
        city.settle()
        name = documents.authorisation_object(1)
        for node in (city.police, city.education):
            node.facts.check(digest, name)
            assert not is_contradictory(node.bindings, name)

    def test_a_document_of_another_kind_is_found(self, city):
        data = documents.new_document("terms", papers.terms())
        digest = city.police.store.put(data, POLICE)
        city.ledger.mine(
            "Step", POLICE, [POLICE, EDUCATION], authorisation=1, step=9, digest=digest
        )
        city.police.settle()
        assert is_contradictory(city.police.bindings, documents.authorisation_object(1))

    def test_terms_for_other_parties_are_found(self, city):
        data = documents.new_document("terms", papers.terms(consumer=department_code("stranger")))
        digest = city.police.store.put(data, POLICE)
        city.submit(version())
        city.apply(application(), terms=digest)
        city.settle()
        with pytest.raises(Contradictory, match="parties"):
            city.police.facts.terms(digest)

    def test_another_who_names_my_document_does_not_spoil_it(self, city):
        city.enrol_all()
        digest = city.submit(version())
        each = {"codeHash": b"x" * 32, "version": 1, "shareType": 2, "itemCount": 2}
        thief = b"t" * 32
        city.ledger.mine(
            "SubmitVersions",
            STRANGER,
            [STRANGER],
            department=STRANGER,
            entries=[thief],
            versions=[{**each, "digest": digest}],
        )
        city.settle()
        assert city.centre.facts.version(digest, documents.version_object(ENTRY, 1))
        assert city.centre.facts.version(digest)
        with pytest.raises(Contradictory):
            city.centre.facts.version(digest, documents.version_object(thief, 1))


class TestFindHeld:
    def test_gives_what_stands_behind_the_very_object_and_agrees(self, city):
        digest = city.submit(version())
        thief = b"t" * 32
        each = {"codeHash": b"x" * 32, "version": 1, "shareType": 2, "itemCount": 2}
        hidden = city.apply(application())
        city.ledger.mine(
            "SubmitVersions",
            STRANGER,
            [STRANGER],
            department=STRANGER,
            entries=[thief, b"u" * 32],
            versions=[{**each, "digest": digest}, {**each, "digest": hidden}],
        )
        city.settle()
        find = city.police.bindings.find_held
        assert find(documents.version_object(ENTRY, 1), digest) == city.police.store.get(digest)
        assert find(documents.version_object(thief, 1), digest) is None
        assert find(documents.version_object(b"u" * 32, 1), hidden) is None
        assert find(documents.version_object(ENTRY, 1), hidden) is None


class TestDocumentFacts:
    def test_gives_terms_and_refuses_what_is_none(self, city):
        city.submit(version())
        terms = city.police.store.put(documents.new_document("terms", papers.terms()), POLICE)
        applied = city.apply(application(terms=terms.hex()), terms=terms)
        city.education.store.put(city.police.store.get(terms), EDUCATION)
        city.settle()
        facts = city.education.facts
        assert facts.terms(terms).masks == {"XM": "keep:1,0"}
        assert facts.terms(terms, documents.authorisation_object(1)).filter_only == ("GMSFHM",)
        with pytest.raises(LedgerBehind):
            facts.version(terms)
        with pytest.raises(LedgerBehind):
            facts.terms(applied)

    def test_gives_an_encryption_key_within_its_validity(self, city):
        data = documents.new_document("key", papers.key())
        fact = city.mine(city.education, "AddKey", EDUCATION, data, addedKey=b"k" * 32)
        digest = fact.event["digest"]
        city.education.settle()
        key_id, key = city.education.facts.encryption_key(digest, 1_780_000_000)
        assert (key.raw.hex(), key_id) == (papers.OTHER_KEY, key.key_id)
        for at in (1_760_000_000, 1_800_000_000):
            with pytest.raises(SignatureInvalid, match="valid from"):
                city.education.facts.encryption_key(digest, at)

    def test_takes_no_key_of_anothers_document(self, city):
        """A second key registered under the first one's paper is not sealed to."""
        data = documents.new_document("key", papers.key())
        city.mine(city.education, "AddKey", EDUCATION, data, addedKey=b"k" * 32)
        fact = city.mine(city.education, "AddKey", EDUCATION, data, addedKey=b"2" * 32, qx=7)
        city.education.settle()
        digest, facts = fact.event["digest"], city.education.facts
        assert facts.encryption_key(digest, 1_780_000_000, documents.key_object(b"k" * 32))
        with pytest.raises(Contradictory, match="qx"):
            facts.encryption_key(digest, 1_780_000_000, documents.key_object(b"2" * 32))

    def test_finds_no_encryption_key_in_an_officers_key(self, city):
        data = documents.new_document(
            "officer-key", papers.officer_key(department=papers.EDUCATION)
        )
        parties = [EDUCATION]
        fact = city.mine(city.education, "AddKey", EDUCATION, data, parties, addedKey=b"k" * 32)
        city.education.settle()
        with pytest.raises(SignatureInvalid):
            city.education.facts.encryption_key(fact.event["digest"], 1_780_000_000)
