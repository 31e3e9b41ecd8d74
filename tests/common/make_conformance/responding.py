"""Answers and refusals: as a node gives them, and as one that lies would.

A liar here can do whatever the provider's own keys can: seal what it likes, write any leaf, sign
any tree. What it cannot is make these agree with the call, with each other and with what the
client's own node says.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from node.crypto import sm3
from node.protocol.evm.blocks import BlockRef
from node.protocol.wire import canonical, encoding, ids
from node.protocol.wire.checkpoint import SignedCheckpoint
from node.protocol.wire.envelope import DataKey, envelope_bytes, seal
from node.protocol.wire.leaf import AUDIT, build_leaf, commitment, complete_leaf

from .. import papers
from ..make_vectors.calling import AUTHORISATION
from ..make_vectors.town import CREATED
from .actors import (
    ENCRYPTION,
    ENTRY,
    LATER,
    OTHER,
    SIZE,
    VERSION,
    Log,
)
from .ciphering import case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.protocol.wire.signedcall import SignedCall

    from .actors import Actors
    from .ciphering import Case

BLOCK = BlockRef(812, sm3(b"block 812"), CREATED - 7)
AT = CREATED * 1000 + 250
OPENED = {"operator": "李老师", "matter": "2026-0001"}
SALTS = {name: sm3(f"ShareLedger vector salt: {name}".encode())[:16] for name in OPENED}
COMMITTED = {name: commitment(SALTS[name], value) for name, value in OPENED.items()}
ROWS = [{"XM": "张三", "GMSFHM": "130902********0003"}]
PLAIN: dict[str, Any] = {
    "rows": ROWS,
    "next": None,
    "masked": ["GMSFHM"],
    "asOf": "2026-09-21T14:13:20Z",
    "opening": {name: encoding.b64u(salt) for name, salt in SALTS.items()},
    "salt": encoding.b64u(sm3(b"ShareLedger vector salt: answer")[:16]),
}
GRANTED: dict[str, Any] = {
    "authorisation": AUTHORISATION,
    "entry": ENTRY,
    "version": VERSION,
    "revision": 1,
    "custody": "own",
    **COMMITTED,
}
REMAINING = {"calls": 999, "rows": 99_999}


class Provider:
    """A provider's node, honest unless it is told otherwise."""

    def __init__(self, actors: Actors) -> None:
        self.actors = actors
        public = actors.town.encryption.public_key
        self.recipient = (public.key_id, public)

    @cached_property
    def data_key(self) -> DataKey:
        """Made when first used: a fork, as a worker is, drops what it did not make itself."""
        return DataKey(created=CREATED)

    def seal(self, plain: bytes, event: bytes | None = None, *also: Any) -> dict[str, Any]:
        aad = self.actors.query.event if event is None else event
        return seal(self.data_key, [self.recipient, *also], plain, aad)

    def leaf(
        self,
        call: SignedCall | None = None,
        *,
        at: int = AT,
        number: int = 4,
        prev: bytes | None = None,
        kind: str = "call",
        **members: Any,
    ) -> bytes:
        asked = call or self.actors.query
        signed: dict[str, Any] = {
            "event": asked.event,
            "base": asked.base,
            "signature": asked.signature,
            "block": BLOCK,
            "judged": CREATED,
        }
        draft = build_leaf(kind, **{**signed, **members})
        if kind != "call":
            return complete_leaf(draft, at=at)
        before = sm3(b"the call before") if prev is None else prev
        return complete_leaf(draft, at=at, number=number, prev=before)

    def served(self, sealed: dict[str, Any], plain: bytes, /, **members: Any) -> bytes:
        """Return the leaf of an answer to the query; `members` say it otherwise."""
        return self.leaf(
            **{
                **GRANTED,
                "items": 0b011,
                "masked": 0b010,
                "rows": 1,
                "answer": sm3(envelope_bytes(sealed)),
                "plain": sm3(plain),
                **members,
            }
        )

    def logged(self, leaf: bytes, log: Log | None = None) -> Log:
        """Return a log of the police whose leaf 2 of 5 is `leaf`."""
        kept = log or self.actors.log()
        kept.begun(SIZE)
        kept.leaves[2] = leaf
        return kept

    def answer(
        self,
        *,
        content: Any = None,
        leaf: dict[str, Any] | None = None,
        log: Log | None = None,
        pair: str | None = None,
    ) -> dict[str, Any]:
        """Return the answer to the query: `content` is another plaintext, `leaf` other members."""
        plain = (
            content
            if isinstance(content, bytes)
            else canonical.dumps(PLAIN if content is None else content)
        )
        sealed = self.seal(plain)
        kept = self.logged(self.served(sealed, plain, **(leaf or {})), log)
        by = None if pair is None else self.actors.pairs[pair]
        return {
            "sealed": sealed,
            "receipt": kept.receipt(2, SIZE, by).render(),
            "remaining": REMAINING,
        }

    def problem(
        self,
        code: str,
        status: int,
        *,
        log: Log | None = None,
        leaf: bytes | None = None,
        **members: Any,
    ) -> dict[str, Any]:
        """Return a refusal of the query with its receipt."""
        entry = leaf or self.leaf(**{**GRANTED, "outcome": code, **members})
        receipt = self.logged(entry, log).receipt(2, SIZE).render()
        return {**bare_problem(code, status), "receipt": receipt}


def bare_problem(code: str, status: int) -> dict[str, Any]:
    """Return a problem without a receipt (RFC 9457)."""
    return {
        "type": f"urn:shareledger:problem:{code}",
        "title": code,
        "titleEn": code,
        "status": status,
        "detail": "what was wrong, and what to do",
        "code": code,
    }


def query(name: str, body: Any, *, status: int = 200, own: str = "present", **yields: Any) -> Case:
    """Return the case of a query that was answered with `body`."""
    given = {"call": "query", "own": own, "key": ENCRYPTION, "status": status}
    given["text" if isinstance(body, str) else "body"] = body
    return case("query", name, given, **yields)


def make_cases(actors: Actors) -> Iterator[Case]:
    """Yield the cases of this file."""
    provider = Provider(actors)
    yield from _opening(provider)
    yield from _honest(provider)
    yield from _of_something_else(provider)
    yield from _badly_believed(provider)
    yield from _altered(provider)
    yield from _misread(provider)
    yield from _refused(provider)
    yield from _refused_falsely(provider)


def _opening(provider: Provider) -> Iterator[Case]:
    plain = canonical.dumps(PLAIN)
    event = provider.actors.query.event
    sealed = provider.seal(plain)

    def opening(name: str, envelope: Any, *, key: str = ENCRYPTION, **yields: Any) -> Case:
        given = {"key": key, "event": event.hex(), "envelope": envelope}
        return case("open-envelope", name, given, **yields)

    yields = {
        "plaintext": plain.decode(),
        "plain": sm3(plain).hex(),
        "answer": sm3(envelope_bytes(sealed)).hex(),
    }
    yield opening("an answer", sealed, **yields)
    public = provider.actors.signers["stranger"].public_key
    both = provider.seal(plain, None, (public.key_id, public))
    yield opening(
        "one sealed to two keys", both, **{**yields, "answer": sm3(envelope_bytes(both)).hex()}
    )
    text = encoding.unb64u(sealed["sealed"])
    flipped = encoding.b64u(text[:-1] + bytes([text[-1] ^ 1]))
    row = sealed["recipients"][0]
    wrong: dict[str, dict[str, Any]] = {
        "sealed for another event": provider.seal(plain, provider.actors.another.event),
        "sealed to another key": {**sealed, "recipients": [{**row, "keyid": public.key_id.hex()}]},
        "another bit": {**sealed, "sealed": flipped},
        "another iv": {**sealed, "iv": encoding.b64u(bytes(12))},
        "an iv of 11 bytes": {**sealed, "iv": encoding.b64u(bytes(11))},
        "another cipher": {**sealed, "alg": "SM4-CBC"},
        "no recipients": {**sealed, "recipients": []},
        "65 recipients": {**sealed, "recipients": [row] * 65},
        "a member more": {**sealed, "v": 1},
        "a padded base64url": {**sealed, "iv": sealed["iv"] + "="},
        "a recipient with a member more": {**sealed, "recipients": [{**row, "x": 1}]},
    }
    for name, envelope in wrong.items():
        yield opening(name, envelope, error="malformed-envelope")


def _told(**changes: Any) -> dict[str, Any]:
    return {
        "rows": ROWS,
        "next": None,
        "masked": ["GMSFHM"],
        "asOf": PLAIN["asOf"],
        "remaining": REMAINING,
        **changes,
    }


def _honest(provider: Provider) -> Iterator[Case]:
    answer = provider.answer()
    yield query("an answer", answer, **_told())
    nothing = {**PLAIN, "rows": [], "masked": []}
    yield query(
        "an answer without rows",
        provider.answer(content=nothing, leaf={"rows": 0, "masked": 0}),
        **_told(rows=[], masked=[]),
    )
    paged = {**PLAIN, "next": "c2Vjb25kIHBhZ2U"}
    yield query(
        "one with a page after it", provider.answer(content=paged), **_told(next=paged["next"])
    )
    yield query("one of a hosted node", provider.answer(leaf={"custody": "hosted"}), **_told())
    yield query(
        "judged 60 s before it was signed",
        provider.answer(leaf={"judged": CREATED - 60, "at": AT - 60_000}),
        **_told(),
    )
    yield query(
        "judged 300 s after it was signed",
        provider.answer(leaf={"judged": CREATED + 300, "at": AT + 300_000}),
        **_told(),
    )
    yield query(
        "logged 60 s after it was judged", provider.answer(leaf={"at": AT + 60_000}), **_told()
    )
    alone = provider.actors.log()
    plain = canonical.dumps(PLAIN)
    sealed = provider.seal(plain)
    alone.leaves = [provider.served(sealed, plain)]
    only = {"sealed": sealed, "receipt": alone.receipt(0, 1).render(), "remaining": REMAINING}
    yield query("the first call of a log", only, **_told())
    yield query("signed by the second of two pairs in force", answer, own="both", **_told())
    new = provider.answer(log=provider.actors.log(LATER, generation=2))
    yield query("of the log that took another's place", new, own="superseded", **_told())
    yield query(
        "signed by the key that took another's place",
        provider.answer(pair=LATER),
        own="rotated",
        **_told(),
    )
    yield from _lines(provider, answer)


def _lines(provider: Provider, answer: dict[str, Any]) -> Iterator[Case]:
    """Signature lines of the checkpoint: more of them, fewer, in another order."""
    note = SignedCheckpoint.parse(answer["receipt"]["checkpoint"].encode())
    edward, sm2 = note.signatures
    other = SignedCheckpoint.parse(provider.answer(pair=LATER)["receipt"]["checkpoint"].encode())
    strange = other.signatures[1]
    broken = replace(sm2, signature=sm2.signature[:-1] + bytes([sm2.signature[-1] ^ 1]))
    broken_edward = replace(
        edward, signature=edward.signature[:-1] + bytes([edward.signature[-1] ^ 1])
    )
    named = replace(strange, name="witness.example")

    def of(name: str, *lines: Any, **yields: Any) -> Case:
        text = replace(note, signatures=lines).render().decode()
        return query(name, _re(answer, checkpoint=text), **yields)

    yield of("its lines in another order", sm2, edward, **_told())
    yield of("a line of an unknown key besides", edward, sm2, strange, **_told())
    yield of("a line of another name besides", named, edward, sm2, **_told())
    yield of("a line twice, and it holds", edward, sm2, sm2, **_told())
    bad = "checkpoint-invalid"
    yield of("a line twice, and the second does not hold", edward, sm2, broken, error=bad)
    yield of("a line twice, and the first does not hold", edward, broken, sm2, error=bad)
    yield of("an SM2 line that does not hold", edward, broken, error=bad)
    yield of("an Ed25519 line that does not hold", broken_edward, sm2, error=bad)
    yield of("no SM2 line", edward, error=bad)
    yield of("no Ed25519 line", sm2, error=bad)
    yield of("the Ed25519 line twice and no SM2 line", edward, edward, error=bad)
    yield of("the SM2 line of an unknown key", edward, strange, error=bad)
    named_otherwise = replace(sm2, name="witness.example")
    yield of("the SM2 line under another name", edward, named_otherwise, error=bad)
    yield of("65 lines", *[edward, sm2, *[named] * 63], error="malformed-checkpoint")
    mixed = replace(note, signatures=(edward, strange)).render().decode()
    yield query(
        "one line of each of two pairs in force",
        _re(answer, checkpoint=mixed),
        own="both",
        error=bad,
    )
    text = answer["receipt"]["checkpoint"]
    for name, changed in {
        "no empty line before the lines": text.replace("\n\n", "\n", 1),
        "no line feed at the end": text[:-1],
        "a hyphen for the dash": text.replace("—", "-", 1),
        "a size with a leading zero": text.replace("\n5\n", "\n05\n", 1),
    }.items():
        yield query(name, _re(answer, checkpoint=changed), error="malformed-checkpoint")


def _re(answer: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Return the answer with other members of its receipt."""
    return {**answer, "receipt": {**answer["receipt"], **members}}


def _of_something_else(provider: Provider) -> Iterator[Case]:
    """Leaves that are in the log and signed, but not of this call or not of this answer."""
    another = provider.actors.another
    leaf: dict[str, dict[str, Any]] = {
        "the receipt of another call": {"call": another},
        "the event of another call": {"event": another.event},
        "the text of another call": {"base": another.base},
        "the signature of another call": {"signature": another.signature},
        "another authorisation": {"authorisation": 2},
        "another entry": {"entry": ids.entry_id(ids.department_id(papers.POLICE), "1/1")},
        "another version": {"version": 2},
        "fewer items": {"items": 0b001},
        "more items": {"items": 0b111},
        "a refusal": {"outcome": "item-not-granted"},
        "another envelope": {"answer": sm3(b"another envelope")},
        "no envelope": {"answer": None},
        "another plaintext": {"plain": sm3(b"another plaintext")},
        "fewer rows": {"rows": 0},
        "more rows": {"rows": 2},
        "another operator": {"operator": commitment(SALTS["operator"], "王老师")},
        "no operator": {"operator": None},
        "another matter": {"matter": commitment(SALTS["matter"], "2026-0002")},
        "judged 61 s before it was signed": {"judged": CREATED - 61, "at": AT - 61_000},
        "judged 301 s after it was signed": {"judged": CREATED + 301, "at": AT + 301_000},
    }
    for name, members in leaf.items():
        yield query(
            f"a leaf that says: {name}", provider.answer(leaf=members), error="receipt-invalid"
        )
    for name, at in (
        ("logged before it was judged", AT - 1000),
        ("logged 61 s after it was judged", AT + 61_000),
    ):
        yield query(name, provider.answer(leaf={"at": at}), error="malformed-receipt")
    stale = provider.answer(
        content={**PLAIN, "rows": [{"XM": "李四", "GMSFHM": "130902********0004"}]}
    )
    honest = provider.answer()
    yield query(
        "other rows under the receipt of these",
        {**honest, "sealed": stale["sealed"]},
        error="receipt-invalid",
    )
    yield query(
        "the log of another department",
        provider.answer(log=provider.actors.log(OTHER, department=papers.EDUCATION)),
        error="receipt-invalid",
    )
    yield query(
        "signed by keys that are not registered",
        provider.answer(pair=LATER),
        error="checkpoint-invalid",
    )
    yield query(
        "another department's log in the name of this one",
        provider.answer(pair=OTHER),
        error="checkpoint-invalid",
    )
    yield query("the log before this one", honest, own="superseded", error="receipt-invalid")
    yield query("the key before this one", honest, own="rotated", error="checkpoint-invalid")
    yield query(
        "a log that one's own node does not know",
        honest,
        own="without the log",
        error="receipt-invalid",
    )
    yield query(
        "an authorisation that one's own node does not know",
        honest,
        own="without the authorisation",
        error="not-found",
    )


def _badly_believed(provider: Provider) -> Iterator[Case]:
    """The own node says what no node says: nothing is believed, and nothing is handed out."""
    honest = provider.answer()
    for own in (
        "with a log that has no origin",
        "with a key that is none",
        "with an authorisation that names no version",
    ):
        yield query(f"an own node {own}", honest, own=own, error="malformed-request")


def _altered(provider: Provider) -> Iterator[Case]:
    """A receipt changed on its way or by whoever keeps it."""
    answer = provider.answer()
    receipt = answer["receipt"]
    leaf = encoding.unb64u(receipt["leaf"])
    proof = receipt["proof"]
    other = encoding.b64u(sm3(b"another node"))

    def leafed(data: bytes) -> dict[str, Any]:
        return _re(answer, leaf=encoding.b64u(data))

    raised = leaf.replace(b'"number":4', b'"number":5')
    yield query("a leaf with another number", leafed(raised), error="inclusion-invalid")
    hosted = leaf.replace(b'"custody":"own"', b'"custody":"hosted"')
    yield query("a leaf with another custody", leafed(hosted), error="inclusion-invalid")
    text = receipt["checkpoint"]
    root = text.split("\n")[2]
    wrong_root = provider.actors.log().begun(4).note(4).checkpoint.text.decode().split("\n")[2]
    changes: dict[str, tuple[dict[str, Any], str]] = {
        "another index": ({"index": 3}, "inclusion-invalid"),
        "an index outside the tree": ({"index": 5}, "inclusion-invalid"),
        "a size that is not the checkpoint's": ({"size": 6}, "receipt-invalid"),
        "a proof without its last node": ({"proof": proof[:-1]}, "inclusion-invalid"),
        "a proof with a node more": ({"proof": [*proof, other]}, "inclusion-invalid"),
        "a proof with another node": ({"proof": [other, *proof[1:]]}, "inclusion-invalid"),
        "no proof": ({"proof": []}, "inclusion-invalid"),
        "another root": ({"checkpoint": text.replace(root, wrong_root)}, "inclusion-invalid"),
        "another size in both places": (
            # The same proof leads to the same root, and only the signatures tell.
            {"size": 6, "checkpoint": text.replace("\n5\n", "\n6\n", 1)},
            "checkpoint-invalid",
        ),
        "another origin": (
            {"checkpoint": text.replace(papers.POLICE, papers.EDUCATION)},
            "receipt-invalid",
        ),
        "a node of 31 bytes": ({"proof": [other[:-2], *proof[1:]]}, "malformed-receipt"),
        "129 nodes": ({"proof": [other] * 129}, "malformed-receipt"),
        "a size that is text": ({"size": "5"}, "malformed-receipt"),
        "an index below 0": ({"index": -1}, "malformed-receipt"),
        "version 2": ({"v": 2}, "malformed-receipt"),
        "a member more": ({"note": ""}, "malformed-receipt"),
        "a leaf in padded base64url": ({"leaf": receipt["leaf"] + "="}, "malformed-receipt"),
    }
    for name, (members, code) in changes.items():
        yield query(f"a receipt with {name}", _re(answer, **members), error=code)
    malformed = {
        "a blank": leaf.replace(b",", b", ", 1),
        "version 3": leaf.replace(b'"v":2', b'"v":3'),
        "version 1": leaf.replace(b'"v":2', b'"v":1'),
        "a member more": leaf.replace(b'"answer":', b'"aaaa":1,"answer":'),
        "a member twice": leaf.replace(b'"custody":"own"', b'"custody":"own","custody":"own"'),
        "an event in capitals": leaf.replace(
            b'"event":"000000006ab13b80', b'"event":"000000006AB13B80'
        ),
        "another kind": leaf.replace(b'"type":"call"', b'"type":"gift"'),
        "no JSON": b"leaf",
    }
    for name, data in malformed.items():
        assert data != leaf, name
        yield query(f"a leaf with {name}", leafed(data), error="malformed-receipt")
    audit = provider.leaf(kind=AUDIT, custody="own", question="what was asked", sequence=0)
    log = provider.logged(audit)
    yield query(
        "a leaf of an audit",
        {**answer, "receipt": log.receipt(2, SIZE).render()},
        error="malformed-receipt",
    )


def _misread(provider: Provider) -> Iterator[Case]:
    """Answers and plaintexts that are of another form; all are logged and signed."""
    answer = provider.answer()
    yield query(
        "no receipt", {k: v for k, v in answer.items() if k != "receipt"}, error="malformed-receipt"
    )
    yield query(
        "no envelope", {k: v for k, v in answer.items() if k != "sealed"}, error="malformed-receipt"
    )
    yield query(
        "no remainder",
        {k: v for k, v in answer.items() if k != "remaining"},
        error="malformed-receipt",
    )
    for name, remaining in {
        "text": {"calls": "many", "rows": 1},
        "a null": {"calls": None, "rows": 1},
        "one alone": {"calls": 1},
    }.items():
        yield query(
            f"a remainder of {name}", {**answer, "remaining": remaining}, error="malformed-receipt"
        )
    yield query("an answer that is no JSON", "<html>", error="malformed-receipt")
    yield query("an answer that is a list", "[]", error="malformed-receipt")
    contents: dict[str, Any] = {
        "no rows": {k: v for k, v in PLAIN.items() if k != "rows"},
        "rows that are text": {**PLAIN, "rows": "x"},
        "rows that are no objects": {**PLAIN, "rows": [1]},
        "a next that is a number": {**PLAIN, "next": 2},
        "a masked that is text": {**PLAIN, "masked": "GMSFHM"},
        "masked items that are no text": {**PLAIN, "masked": [1]},
        "an asOf that is null": {**PLAIN, "asOf": None},
        "no opening": {k: v for k, v in PLAIN.items() if k != "opening"},
        "an opening that is no object": {**PLAIN, "opening": "x"},
        "an opening that is no base64url": {**PLAIN, "opening": {"operator": "=", "matter": "="}},
        "a blank in it": canonical.dumps(PLAIN).replace(b",", b", ", 1),
        "a list": [PLAIN],
    }
    for name, content in contents.items():
        yield query(
            f"a plaintext with {name}", provider.answer(content=content), error="malformed-receipt"
        )
    sealed = provider.seal(canonical.dumps(PLAIN), provider.actors.another.event)
    plain = canonical.dumps(PLAIN)
    log = provider.logged(provider.served(sealed, plain))
    body = {"sealed": sealed, "receipt": log.receipt(2, SIZE).render(), "remaining": REMAINING}
    yield query("an envelope sealed for another event", body, error="malformed-envelope")


PROVEN = (
    ("item-not-granted", 403),
    ("purpose-not-granted", 403),
    ("authorisation-expired", 403),
    ("authorisation-suspended", 403),
    ("department-suspended", 403),
    ("entry-frozen", 403),
    ("malformed-filter", 400),
    ("source-unavailable", 503),
    ("quota-calls", 429),
    ("quota-rows", 429),
)
UNPROVEN = (
    ("signature-invalid", 401),
    ("key-revoked", 401),
    ("clock-skew", 401),
    ("digest-mismatch", 400),
    ("malformed-request", 400),
    ("quota-refusals", 429),
    ("overloaded", 503),
    ("log-unavailable", 503),
    ("ledger-behind", 503),
)
HIDDEN = (
    "item-not-granted",
    "purpose-not-granted",
    "quota-calls",
    "quota-rows",
    "authorisation-unknown",
    "call-replayed",
)
STATUS = {"authorisation-unknown": 404, "call-replayed": 409}


def _refused(provider: Provider) -> Iterator[Case]:
    for code, status in PROVEN:
        yield query(
            f"{code}, with its receipt",
            provider.problem(code, status),
            status=status,
            refused=code,
            receipt=True,
        )
    for code, status in UNPROVEN:
        yield query(
            f"{code}, which has no receipt",
            bare_problem(code, status),
            status=status,
            refused=code,
            receipt=False,
        )
    strange = provider.leaf(
        authorisation=AUTHORISATION,
        custody="own",
        outcome="authorisation-unknown",
        number=0,
        prev=ids.ZERO,
    )
    unknown = provider.problem("authorisation-unknown", 404, leaf=strange)
    for own in ("present", "without the authorisation"):
        yield query(
            f"authorisation-unknown, own node: {own}",
            unknown,
            status=404,
            own=own,
            refused="authorisation-unknown",
            receipt=True,
        )
    replayed = {**bare_problem("call-replayed", 409)}
    first = provider.answer()["receipt"]
    yield query(
        "call-replayed with the receipt of the first",
        {**replayed, "receipt": first},
        status=409,
        refused="call-replayed",
        receipt=True,
    )
    yield query(
        "call-replayed with a receipt of the log before this one",
        {**replayed, "receipt": first},
        status=409,
        own="superseded",
        refused="call-replayed",
        receipt=True,
    )
    yield query(
        "call-replayed with a receipt by the key before this one",
        {**replayed, "receipt": first},
        status=409,
        own="rotated",
        refused="call-replayed",
        receipt=True,
    )
    yield query(
        "an error page of something between",
        "<html>",
        status=502,
        refused="peer-unavailable",
        receipt=False,
    )
    yield query(
        "a code nobody knows",
        bare_problem("no-such-code", 418),
        status=418,
        refused="malformed-request",
        receipt=False,
    )


def _refused_falsely(provider: Provider) -> Iterator[Case]:
    for code in HIDDEN:
        status = STATUS.get(code, dict(PROVEN).get(code, 403))
        yield query(
            f"{code} without a receipt",
            bare_problem(code, status),
            status=status,
            error="receipt-invalid",
        )
    code, status = "item-not-granted", 403
    bad: dict[str, dict[str, Any]] = {
        "a leaf that says another code": provider.problem(
            code, status, outcome="purpose-not-granted"
        ),
        "a leaf that says it was served": provider.problem(code, status, outcome="served"),
        "the receipt of another call": provider.problem(code, status, call=provider.actors.another),
        "another authorisation's": provider.problem(code, status, authorisation=2),
        "another entry's": provider.problem(code, status, entry=ids.ZERO),
        "another version's": provider.problem(code, status, version=2),
        "dated back": provider.problem(code, status, judged=CREATED - 61, at=AT - 61_000),
        "the log of another department": provider.problem(
            code, status, log=provider.actors.log(OTHER, department=papers.EDUCATION)
        ),
    }
    for name, body in bad.items():
        yield query(f"a refusal with {name}", body, status=status, error="receipt-invalid")
    honest = provider.problem(code, status)
    altered = encoding.b64u(
        encoding.unb64u(honest["receipt"]["leaf"]).replace(b'"number":4', b'"number":5')
    )
    yield query(
        "a refusal with an altered leaf",
        _re(honest, leaf=altered),
        status=status,
        error="inclusion-invalid",
    )
    yield query(
        "a refusal signed by the key before this one",
        honest,
        status=status,
        own="rotated",
        error="checkpoint-invalid",
    )
    yield query(
        "a refusal of the log before this one",
        honest,
        status=status,
        own="superseded",
        error="receipt-invalid",
    )
    yield query(
        "a refusal whose receipt is none",
        {**honest, "receipt": "yes"},
        status=status,
        error="malformed-receipt",
    )
    yield query(
        "a refusal whose receipt is null",
        {**honest, "receipt": None},
        status=status,
        error="malformed-receipt",
    )
    other = provider.problem(
        "call-replayed", 409, call=provider.actors.another, outcome="item-not-granted"
    )
    yield query(
        "call-replayed with the receipt of another event",
        other,
        status=409,
        error="receipt-invalid",
    )
