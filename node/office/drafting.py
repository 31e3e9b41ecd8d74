"""What an official is about to sign, completed with what the ledger and the papers here know.

Values in, an act out: no terminal, no HTTP. What he says himself comes as the members of a form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from ..errors import Contradictory, InvalidInput, MalformedDocument, NotFound
from ..protocol import forms as documents
from ..protocol.forms.sharing import CHANGES
from ..protocol.ledger.enums import EntryState
from ..protocol.wire import ids
from . import authorising, cataloguing, departments
from .act import completed
from .authorising import Request
from .reads import get_paper, get_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ..protocol.forms import Document
    from ..protocol.ledger.facts import AuthorisationFact
    from .act import Act
    from .reads import Ledger, Papers

    Members = Mapping[str, Any]
    Terms = Members | bytes | None

MOST_REFERENCES = 20
"""Versions under review that are handed along with it."""
OWN = ("type", "v", "salt", "attachments")
"""Members a document is given when it is made."""


class Drafter:
    """Drafts acts from forms."""

    def __init__(self, ledger: Ledger, store: Papers) -> None:
        """Ask `ledger` how things stand and `store` what the papers say."""
        self._ledger, self._store = ledger, store

    def reading(self, papers: Papers) -> Drafter:
        """Return a drafter for somebody who may read `papers` and no others.

        What is drafted for him holds what papers say, and says what is wrong by what they say.
        """
        return Drafter(self._ledger, papers)

    def update_department(self, code: str, changes: Members) -> Act:
        """Change members of the department's present paper; a None leaves one as it is.

        Raises:
            NotFound: there is no such department.
            LedgerBehind: its paper has not arrived here.
            InvalidInput: nothing would change.
        """
        present = self._members(self._ledger.get_department(code).digest)
        changed = {**present, **_given(changes)}
        if changed == present:
            raise InvalidInput("没有写明要变更的内容 / nothing would change")
        return departments.update_department(changed)

    def apply_for(self, forms: Iterable[Members], terms: Terms) -> Act:
        """Apply as filled-in forms say, each for the version it names or the published one.

        Without `terms` those of a standing reply are taken, since only they are agreed to at once.

        Raises:
            MalformedDocument: a form does not say which entry.
            NotFound: there is no such entry or version.
            LedgerBehind: a version's document has not arrived here.
        """
        return authorising.apply_for([self._request(form, terms) for form in forms])

    def reply(
        self,
        number: int,
        answer: str,
        refusals: Sequence[Members],
        *,
        narrowed: Members,
        said: Members,
        terms: Terms = None,
    ) -> Act:
        """Grant what was applied for, less what is refused, as far as `narrowed` says.

        Raises:
            InvalidInput: the answer and the refusals do not go together.
            LedgerBehind: the application or its version has not arrived here.
        """
        fact = self._ledger.get_authorisation(number)
        application = get_paper(self._store, self._ledger.steps(number)[0].digest)
        applied = application.body
        if not isinstance(applied, documents.ApplicationPaper):
            raise Contradictory(
                f"授权 {number} 的申请是另一份文件 / its application is another document",
                authorisation=number,
            )
        refused = [each.get("item") for each in refusals]
        granted = [item for item in applied.items if item not in refused]
        follows = "同意" if not refused else "部分同意" if granted else "不同意"
        if answer != follows:
            raise InvalidInput(
                f"答复为{answer}，但 {len(applied.items)} 项中有 {len(refused)} 项不予共享"
                f" / {len(refused)} of {len(applied.items)} items are refused"
            )
        grant = {
            "items": granted,
            "mode": applied.mode,
            "validFrom": applied.valid_from,
            "validUntil": applied.valid_until,
            "callsPerDay": applied.calls_per_day,
            "rowsPerDay": applied.rows_per_day,
            "terms": _hex(fact.terms),
            **_given(narrowed),
        }
        body = {
            **_on(fact),
            "answer": answer,
            "grant": grant if granted else None,
            "refusals": list(refusals),
            **said,
        }
        return authorising.reply(
            completed(documents.ReplyPaper, body),
            application=application.data,
            version=self._pinned(fact).data,
            terms=terms,
        )

    def step(self, number: int, step: str, said: Members) -> tuple[Act, bytes]:
        """Take a step; return it with what it is meant against.

        A protective step names no document: the latest one tells it from the same step later.
        """
        fact = self._ledger.get_authorisation(number)
        body = {**_on(fact), "step": step, "revision": fact.revision, "points": [], **said}
        if step in documents.PROTECTIVE:
            body["subject"] = None
        return authorising.advance(completed(documents.StepPaper, body)), fact.subject

    def protect(self, number: int, step: str) -> tuple[Act, bytes]:
        """Suspend, take over or terminate at once, the paper to follow; as `step`.

        Raises:
            InvalidInput: another step, which says why.
        """
        if step not in documents.PROTECTIVE:
            raise InvalidInput(f"{step}应写明理由 / this step needs a reason")
        fact = self._ledger.get_authorisation(number)
        return authorising.protect(number, documents.STEPS[step], fact.revision), fact.subject

    def propose_change(
        self, number: int, changes: Members, said: Members, terms: Terms = None
    ) -> Act:
        """Propose that an authorisation goes on as it is granted, but for `changes`."""
        fact = self._ledger.get_authorisation(number)
        version = self._pinned(fact)
        codes = documents.version_codes(version.body)
        body = {
            "items": [code for bit, code in enumerate(codes) if fact.items >> bit & 1],
            "validFrom": documents.day_of(fact.valid_from),
            "validUntil": documents.day_of(fact.valid_until - 1),
            "callsPerDay": fact.calls_per_day,
            "rowsPerDay": fact.rows_per_day,
            "terms": _hex(fact.terms),
            **_given(changes),
            **_on(fact),
            "step": CHANGES[0],
            "revision": fact.revision,
            **said,
        }
        return authorising.change(body, version=version.data, terms=terms)

    def accept_change(self, number: int, said: Members) -> Act:
        """Accept the change that was proposed last: the same terms, word for word.

        Raises:
            NotFound: none was proposed.
            LedgerBehind: the proposal has not arrived here.
        """
        fact = self._ledger.get_authorisation(number)
        proposed = [each for each in self._ledger.steps(number) if each.name == "Change"]
        if not proposed:
            raise NotFound(f"授权 {number} 没有待答复的变更 / no change is proposed")
        again = {"step": CHANGES[1], "subject": fact.subject.hex(), **said}
        body = {**self._members(proposed[-1].digest), **again}
        return authorising.change(body, version=self._pinned(fact).data)

    def submit_withdrawal(self, department: str, reasons: Mapping[str, str]) -> Act:
        """Ask to withdraw entries, each at its version in force; `reasons` by entry code."""
        owner = ids.department_id(department)
        withdrawals = [
            {
                "code": code,
                "version": self._ledger.get_entry(ids.entry_id(owner, code)).version,
                "reason": reason,
            }
            for code, reason in reasons.items()
        ]
        return cataloguing.submit_withdrawal({"department": department, "withdrawals": withdrawals})

    def review_withdrawal(self, digest: bytes, refused: Mapping[str, str], said: Members) -> Act:
        """Agree to a `withdrawal`, but for the entries `refused` has a reason for, by code.

        Raises:
            LedgerBehind: the withdrawal has not arrived here.
            NotFound: it is none, or does not name an entry that is refused.
        """
        asked = get_paper(self._store, digest).body
        if not isinstance(asked, documents.WithdrawalPaper):
            raise NotFound(f"{digest.hex()} 不是撤回申请 / no withdrawal")
        named = {each.code for each in asked.withdrawals}
        for code in refused:
            if code not in named:
                raise NotFound(f"撤回申请中没有目录 {code} / the withdrawal does not name {code}")
        reviews = [
            {
                "department": asked.department,
                "code": each.code,
                "version": each.version,
                "accept": each.code not in refused,
                "reason": refused.get(each.code),
                "subject": digest.hex(),
            }
            for each in asked.withdrawals
        ]
        return cataloguing.review_withdrawal({"reviews": reviews, **said})

    def references(self, act: Act) -> list[bytes]:
        """Return the papers an act rests on and does not carry: what its bits and answers mean.

        The pinned version behind a bitmap of items, the application a reply answers, the proposal
        a change accepts, the withdrawal that is reviewed; of a review of many versions none.

        Raises:
            LedgerBehind: one has not arrived here.
        """
        found: dict[bytes, bytes] = {}
        for paper in map(documents.parse, act.documents):
            for digest in self._rests_on(paper):
                found[digest] = get_paper(self._store, digest).data
        return list(found.values())

    def _rests_on(self, paper: Document) -> Iterator[bytes]:
        body = paper.body
        if paper.kind == "application":
            entry = ids.entry_id(ids.department_id(body.entry.department), body.entry.code)
            yield self._ledger.get_entry(entry, body.entry.version).digest
        elif paper.kind in {"reply", "change"}:
            fact = self._ledger.get_authorisation(body.authorisation)
            yield self._ledger.get_entry(fact.entry, fact.version).digest
            if paper.kind == "reply" or body.step == CHANGES[1]:
                yield fact.subject
        elif paper.kind in {"review", "withdrawal-review"}:
            subjects = {bytes.fromhex(each.subject) for each in body.reviews}
            yield from subjects if len(subjects) <= MOST_REFERENCES else ()

    def _members(self, digest: bytes) -> dict[str, Any]:
        """Return the members of a document, to be said again in another."""
        data = get_paper(self._store, digest).data
        return {name: each for name, each in orjson.loads(data).items() if name not in OWN}

    def _pinned(self, fact: AuthorisationFact) -> Document:
        """Return the document of the version an authorisation is pinned to."""
        return get_version(self._store, self._ledger.get_entry(fact.entry, fact.version))

    def _request(self, form: Members, terms: Terms) -> Request:
        entry = form.get("entry")
        if not isinstance(entry, dict) or not isinstance(entry.get("code"), str):
            raise MalformedDocument(
                "申请表没有写明目录：[entry] 的 department 和 code / the form names no entry"
            )
        wanted = ids.entry_id(ids.department_id(str(entry.get("department"))), entry["code"])
        number = entry.get("version")
        if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
            raise MalformedDocument(f"目录版本应为整数（{number!r}）/ a version is a number")
        fact = self._ledger.get_entry(wanted, number)
        if fact.state != EntryState.PUBLISHED:
            raise NotFound(f"目录 {entry['code']} 没有已发布的版本 / it is not published")
        version = get_version(self._store, fact)
        named = {"version": fact.version, "name": version.body.name, **entry}
        known = self._ledger.find_catalogued(wanted)
        agreed = known.standing_terms if known is not None and known.standing else ids.ZERO
        body = completed(documents.ApplicationPaper, {**form, "entry": named, "terms": None})
        offered = terms if terms is not None else (agreed if agreed != ids.ZERO else None)
        return Request(body, version.data, offered)


def _given(changes: Members) -> dict[str, Any]:
    return {name: value for name, value in changes.items() if value is not None}


def _hex(digest: bytes) -> str | None:
    return None if digest == ids.ZERO else digest.hex()


def _on(fact: AuthorisationFact) -> dict[str, Any]:
    """Say which authorisation a document is on, between whom, and what it answers."""
    provider, consumer = ids.department_code(fact.provider), ids.department_code(fact.consumer)
    return {
        "authorisation": fact.authorisation,
        "parties": {"provider": provider, "consumer": consumer},
        "subject": fact.subject.hex(),
    }
