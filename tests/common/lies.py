"""Lies that somebody can tell who runs the chain with other code than the contracts'.

Every signature but those spoken of is good, and made by a key that is registered.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from node.crypto import SoftwareSigner
from node.protocol.ledger import enums
from node.protocol.wire import ids
from tests.common.story import (
    CENTRE,
    EDUCATION,
    POLICE,
    ZERO,
    Story,
    digest,
    person_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

State, Step, Answer = enums.AuthorisationState, enums.Step, enums.Answer


class Liar(Story):
    """A story whose next decision can be told with other fields, signed or derived."""

    told_otherwise: dict[str, Any] = {}  # noqa: RUF012 - replaced whole, never changed

    @contextmanager
    def saying(self, **fields: Any) -> Any:
        self.told_otherwise = fields
        yield
        self.told_otherwise = {}

    @contextmanager
    def undone(self) -> Any:
        """Forget at the end what is told within: a city need not be told anew for every lie."""
        height, heads, seqs, nonce = (
            self.chain.head() + 1,
            {**self.heads},
            {**self.seqs},
            self.nonce,
        )
        try:
            yield
        finally:
            self.chain.fork(height)
            self.heads, self.seqs, self.nonce, self.pending = heads, seqs, nonce, []

    def decide(self, name, message, signer, *, possession=None, **derived):
        lies = self.told_otherwise
        deep = {
            key: [{**one, **{k: v for k, v in lies.items() if k in one}} for one in value]
            for key, value in message.items()
            if key in {"applications", "versions", "reviews"}
        }
        message = {**message, **deep} | {k: v for k, v in lies.items() if k in message}
        derived |= {k: v for k, v in lies.items() if k in derived}
        super().decide(name, message, signer, possession=possession, **derived)

    def _put(self, kind, message, key, signatures, derived):
        super()._put(kind, message, key, signatures, derived)
        contract, event, args = self.pending[-1]
        for field in ("r", "possessionS", "seq", "nonce", "signingKey"):
            if field in self.told_otherwise:
                args = {**args, field: self.told_otherwise[field]}
        self.pending[-1] = (contract, event, args)


def _revoked_signs(story: Liar, city: dict[str, Any]) -> None:
    with story.saying():
        story.grant(POLICE, city["duty"].public_key.key_id, 1, city["officer"])


def _stranger_signs(story: Liar, _: dict[str, Any]) -> None:
    story.revoke(story.heads[POLICE].public_key.key_id, SoftwareSigner.generate())


def _registered_twice(story: Liar, city: dict[str, Any]) -> None:
    duty = city["duty"]
    public = duty.public_key
    message = {
        "holder": POLICE,
        "kind": 1,
        "qx": public.x,
        "qy": public.y,
        "person": person_of(duty),
        "validFrom": 0,
        "validUntil": story.year,
        "digest": ZERO,
    }
    story.decide("AddKey", message, story.heads[POLICE], possession=duty, addedKey=public.key_id)


def _relisted(story: Liar, _: dict[str, Any]) -> None:
    with story.saying(contractAddress=b"\x77" * 20):
        story.list_contract("AccessAnchors")


def _listed_by_another(story: Liar, _: dict[str, Any]) -> None:
    centre = story.heads[CENTRE]
    story.heads[CENTRE] = story.heads[POLICE]
    story.list_contract("CatalogueRegistry")
    story.heads[CENTRE] = centre


def _reviewed_own(story: Liar, _: dict[str, Any]) -> None:
    """The centre's head submits an entry of the centre and reviews it with the same key."""
    story.submit(CENTRE, ("10/1", 1, 2))
    with story.saying(entry=ids.entry_id(CENTRE, "10/1")):
        story.review(("10/1", 1, True))


def _replayed(story: Liar, _body: dict[str, Any]) -> None:
    contract, event = "DepartmentRegistry", "RolesGranted"
    story.grant(POLICE, story.heads[POLICE].public_key.key_id, 6)
    _, _, granted = story.pending[-1]
    story.pending.append((contract, event, {**granted, "seq": story.seq(contract)}))


def _lying(tell: Callable[[Liar, dict[str, Any]], object], **fields: Any) -> Any:
    def lie(story: Liar, city: dict[str, Any]) -> None:
        with story.saying(**fields):
            tell(story, city)

    return lie


def _reply(story: Liar, city: dict[str, Any]) -> None:
    story.apply_for(city["application"], 4, (city["households"], 1, State.APPLIED))
    story.mine()
    story.reply(4, Answer.PARTLY, 0b0101, city["households"])


def _answering(answer: int, items: int, **fields: Any) -> Any:
    def lie(story: Liar, city: dict[str, Any]) -> None:
        story.apply_for(city["application"], 4, (city["households"], 1, State.APPLIED))
        with story.saying(**fields):
            story.reply(4, answer, items, city["households"])

    return lie


def _applying(state: int = State.APPLIED, **fields: Any) -> Any:
    def lie(story: Liar, city: dict[str, Any]) -> None:
        with story.saying(**fields):
            story.apply_for(city["application"], 4, (city["households"], 1, state))

    return lie


def _stepping(step: int, state: int, who: bytes = POLICE, **fields: Any) -> Any:
    def lie(story: Liar, _: dict[str, Any]) -> None:
        with story.saying(**fields):
            subject = fields.get("subject", digest("resumed"))
            story.step(1, step, state, story.heads[who], subject=subject)

    return lie


def _resumed_by_the_wrong_side(story: Liar, _: dict[str, Any]) -> None:
    story.step(1, Step.SUSPEND, State.SUSPENDED, story.heads[CENTRE])
    story.step(1, Step.RESUME, State.AGREED, story.heads[POLICE], subject=digest("resumed"))


def _anchoring(old_size: int, size: int) -> Any:
    return lambda story, city: story.anchor(city["log"], old_size, size)


LIES: dict[str, tuple[str, Any]] = {
    "another key's signature": ("SignatureRefused", _lying(_reply, r=7)),
    "no possession of a new key": (
        "PossessionRefused",
        _lying(lambda story, _: story.add_key(POLICE, 1, story.heads[POLICE]), possessionS=7),
    ),
    "an event left out": (
        "EventMissing",
        _lying(lambda story, _: story.list_contract("AccessAnchors"), seq=99),
    ),
    "a decision used twice": ("NonceSpent", _replayed),
    "a signature past its time": (
        "DecisionExpired",
        lambda story, _: (story.list_contract("AccessAnchors"), story.mine(timestamp=2**31)),
    ),
    "a stranger's key": ("KeyUnknown", _stranger_signs),
    "a revoked key": ("KeyAlreadyRevoked", _revoked_signs),
    "an application's key deciding": (
        "KeyNotOfficer",
        lambda story, city: story.grant(POLICE, bytes(32), 0, city["call_key"]),
    ),
    "enrolment under a code that is none": (
        "DepartmentCodeMalformed",
        lambda story, _: story.enrol(b"\1" * 32),
    ),
    "enrolment as a kind that is none": (
        "DepartmentKindInvalid",
        _lying(lambda story, _: story.enrol(ids.department_id("1" * 18)), kind=6),
    ),
    "enrolment on a level that is none": (
        "LevelInvalid",
        _lying(lambda story, _: story.enrol(ids.department_id("1" * 18)), level=0),
    ),
    "a key whose validity is over": (
        "PeriodInvalid",
        _lying(lambda story, _: story.add_key(POLICE, 1, story.heads[POLICE]), validUntil=5),
    ),
    "roles that are none": (
        "RolesUnknown",
        lambda story, city: story.grant(POLICE, city["duty"].public_key.key_id, 64),
    ),
    "roles for a time that is over": (
        "PeriodInvalid",
        _lying(
            lambda story, city: story.grant(POLICE, city["duty"].public_key.key_id, 2),
            validUntil=5,
        ),
    ),
    "no version at all": ("VersionsEmpty", lambda story, _: story.submit(POLICE)),
    "a version without a document": (
        "DigestMissing",
        _lying(lambda story, _: story.submit(POLICE, ("30/9", 1, 1)), digest=ZERO),
    ),
    "a version of no share type": (
        "ShareTypeInvalid",
        lambda story, _: story.submit(POLICE, ("30/9", 1, 4)),
    ),
    "a version with more items than a bitmap": (
        "ItemCountInvalid",
        _lying(lambda story, _: story.submit(POLICE, ("30/9", 1, 1)), itemCount=257),
    ),
    "no review at all": ("ReviewsEmpty", lambda story, _: story.review()),
    "a standing reply with a quota of nothing": (
        "StandingQuotaZero",
        _lying(lambda story, city: story.stand(city["streets"]), rowsPerDay=0),
    ),
    "a log that nobody may anchor": (
        "RelayMissing",
        _lying(lambda story, _: story.register_log(EDUCATION), relay=bytes(20)),
    ),
    "enrolment by a department that is not competent": (
        "RoleMissing",
        lambda story, _: story.enrol(ids.department_id("1" * 18), story.heads[POLICE]),
    ),
    "enrolment under nobody": (
        "ParentNotUnder",
        _lying(lambda story, _: story.enrol(ids.department_id("1" * 18)), parent=b"\1" * 32),
    ),
    "enrolment twice": ("DepartmentAlreadyEnrolled", lambda story, _: story.enrol(EDUCATION)),
    "a head key under another id": (
        "MemberDiffers",
        _lying(lambda story, _: story.enrol(ids.department_id("1" * 18)), headKey=b"\1" * 32),
    ),
    "a key given by another department": (
        "RoleMissing",
        lambda story, _: story.add_key(POLICE, 1, story.heads[EDUCATION]),
    ),
    "a key of nobody": (
        "DepartmentUnknown",
        lambda story, _: story.add_key(b"\1" * 32, 1, story.heads[EDUCATION]),
    ),
    "a department's key under an application": (
        "DepartmentUnknown",
        lambda story, city: story.add_key(city["application"], 2, story.heads[EDUCATION]),
    ),
    "a key of no kind": (
        "KeyKindInvalid",
        lambda story, _: story.add_key(POLICE, 9, story.heads[POLICE]),
    ),
    "a key twice": ("KeyAlreadyRegistered", _registered_twice),
    "a revocation of an unknown key": (
        "KeyUnknown",
        lambda story, _: story.revoke(b"\1" * 32, story.heads[POLICE]),
    ),
    "a revocation twice": (
        "KeyAlreadyRevoked",
        lambda story, city: story.revoke(city["officer"].public_key.key_id, story.heads[POLICE]),
    ),
    "a revocation by another department": (
        "RoleMissing",
        lambda story, city: story.revoke(city["duty"].public_key.key_id, story.heads[EDUCATION]),
    ),
    "roles given by another department": (
        "RoleMissing",
        lambda story, city: story.grant(
            POLICE, city["duty"].public_key.key_id, 6, story.heads[EDUCATION]
        ),
    ),
    "roles for an application's key": (
        "KeyNotOfficer",
        lambda story, city: story.grant(POLICE, city["call_key"].public_key.key_id, 2),
    ),
    "an application registered twice": (
        "ApplicationAlreadyRegistered",
        lambda story, _: story.register_application(EDUCATION, "ZHSX"),
    ),
    "an application under another id": (
        "MemberDiffers",
        _lying(lambda story, _: story.register_application(EDUCATION, "B"), application=b"\1" * 32),
    ),
    "a contract put in another's place": ("ContractAlreadyListed", _relisted),
    "a contract listed by another than the root department": ("RoleMissing", _listed_by_another),
    "a version out of sequence": (
        "VersionNotSequential",
        lambda story, _: story.submit(POLICE, ("30/3", 5, 1)),
    ),
    "a version while another is pending": (
        "VersionPending",
        lambda story, _: story.submit(POLICE, ("30/1", 3, 2)),
    ),
    "an entry under another id": (
        "MemberDiffers",
        _lying(lambda story, _: story.submit(POLICE, ("30/9", 1, 1)), entries=[b"\1" * 32]),
    ),
    "a review of another document": (
        "SubjectMismatch",
        _lying(lambda story, _: story.review(("30/1", 2, True)), subject=b"\1" * 32),
    ),
    "a review of an old version": (
        "VersionNotSubmitted",
        lambda story, _: story.review(("30/1", 1, True)),
    ),
    "a review of an unknown entry": (
        "EntryUnknown",
        lambda story, _: story.review(("99/1", 1, True)),
    ),
    "a review said to be of another competent department": (
        "MemberDiffers",
        _lying(lambda story, _: story.review(("30/1", 2, True)), competent=POLICE),
    ),
    "a review by the key that submitted": ("ReviewerIsSubmitter", _reviewed_own),
    "a review twice": (
        "VersionNotSubmitted",
        lambda story, _: story.review(("30/3", 1, True)),
    ),
    "a standing reply on a conditional entry": (
        "StandingReplyRefused",
        lambda story, city: story.stand(city["households"]),
    ),
    "a standing reply on nothing": (
        "EntryUnknown",
        lambda story, _: story.stand(b"\1" * 32),
    ),
    "authorisations out of sequence": (
        "MemberDiffers",
        _applying(first=9),
    ),
    "an application said to be agreed": ("MemberDiffers", _applying(State.AGREED)),
    "an application for an old version": ("VersionNotCurrent", _applying(version=7)),
    "an application for no items": ("ItemsInvalid", _applying(items=0)),
    "an application for items beyond the entry's": (
        "ItemsInvalid",
        _applying(items=1 << 12),
    ),
    "another department's application": (
        "ApplicationUnknown",
        _applying(application=b"\1" * 32),
    ),
    "an application in no mode": ("ModeInvalid", _applying(mode=5)),
    "an application without a document": ("DigestMissing", _applying(digest=ZERO)),
    "an application for ever": ("PeriodInvalid", _applying(validUntil=2**40)),
    "an application for a time that is over": (
        "PeriodInvalid",
        _applying(validFrom=5, validUntil=6),
    ),
    "a reply without a document": (
        "DigestMissing",
        _answering(Answer.AGREE, 0b1111, digest=ZERO),
    ),
    "a quota of nothing": ("QuotaZero", _applying(callsPerDay=0)),
    "an empty period": ("PeriodInvalid", _applying(validFrom=2**33)),
    "a reply to another document": (
        "SubjectMismatch",
        _answering(Answer.AGREE, 0b1111, subject=b"\1" * 32),
    ),
    "a full agreement that is not full": ("ItemsNotGrantable", _answering(Answer.AGREE, 0b0111)),
    "a partial agreement that is full": ("ItemsNotGrantable", _answering(Answer.PARTLY, 0b1111)),
    "a reply with items never applied for": (
        "ItemsNotGrantable",
        _answering(Answer.PARTLY, 0b10001),
    ),
    "a refusal with items": ("ItemsNotGrantable", _answering(Answer.REFUSE, 1)),
    "a reply with a wider quota": (
        "QuotaWidened",
        _answering(Answer.AGREE, 0b1111, callsPerDay=101),
    ),
    "a reply with a longer period": (
        "PeriodWidened",
        _answering(Answer.AGREE, 0b1111, validFrom=5),
    ),
    "a reply in another mode": ("ModeDiffers", _answering(Answer.AGREE, 0b1111, mode=2)),
    "a refusal said to be agreed": (
        "MemberDiffers",
        _answering(Answer.REFUSE, 0, state=int(State.AGREED)),
    ),
    "a reply to what was answered": (
        "StateUnsuitable",
        lambda story, city: story.reply(1, Answer.AGREE, 0b1111, city["households"]),
    ),
    "a reply to nothing": (
        "AuthorisationUnknown",
        lambda story, city: story.reply(77, Answer.AGREE, 1, city["households"]),
    ),
    "a step nobody knows": ("StepUnknown", _stepping(99, State.TERMINATED)),
    "a step in the wrong state": (
        "StateUnsuitable",
        _stepping(Step.RECTIFY, State.RECTIFIED, EDUCATION),
    ),
    "a step by the wrong side": (
        "RoleMissing",
        _stepping(Step.SUSPEND, State.SUSPENDED, EDUCATION, subject=ZERO),
    ),
    "a step of another revision": (
        "RevisionMismatch",
        _stepping(Step.SUSPEND, State.SUSPENDED, subject=ZERO, revision=2),
    ),
    "a step that answers another document": (
        "SubjectMismatch",
        _stepping(Step.DELIVER, State.DELIVERED, subject=b"\1" * 32),
    ),
    "a protective step that answers one": (
        "SubjectMismatch",
        _stepping(Step.SUSPEND, State.SUSPENDED),
    ),
    "a step said to lead elsewhere": (
        "MemberDiffers",
        _stepping(Step.SUSPEND, State.ACTIVE, subject=ZERO),
    ),
    "a resumption by another than who suspended": ("RoleMissing", _resumed_by_the_wrong_side),
    "a log registered twice": ("LogAlreadyRegistered", lambda story, _: story.register_log(POLICE)),
    "a log under another id": (
        "MemberDiffers",
        _lying(lambda story, _: story.register_log(EDUCATION), log=b"\1" * 32),
    ),
    "an anchor that skips": ("HeadMoved", _anchoring(30, 50)),
    "an anchor that goes back": ("LogNotGrowing", _anchoring(40, 39)),
    "an anchor of an unknown log": (
        "LogUnknown",
        lambda story, _: story.anchor(b"\1" * 32, 0, 1),
    ),
}
