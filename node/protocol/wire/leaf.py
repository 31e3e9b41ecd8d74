"""Leaves: what stands in a log, one entry each, as canonical JSON (protocol.md section 6.1).

Four kinds: a `call`, served or refused; an `audit`, what an auditor asked; an `open` download; a
`preview`, a provider's look at his own masked rows. No data leaves a node without one of them.

Two hands write a leaf. The service knows what was asked and answered (`build_leaf`); only the
log's commit knows number, previous leaf and time, and may turn the answer into a refusal
(`complete_leaf`). No personal data: what could be guessed stands as a salted commitment.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ...crypto import sm3
from ...errors import InvalidInput, MalformedReceipt
from . import canonical
from .encoding import b64u, hex32, unb64u
from .ids import ZERO

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ..evm.blocks import BlockRef

VERSION = 2
LIMIT = 4096
SALT_SIZE = 16
SERVED = "served"
CUSTODIES = ("own", "hosted")
COMMIT_SECONDS = 60
"""A leaf is committed at most so long after the second it was judged at."""

CALL, AUDIT, OPEN, PREVIEW = "call", "audit", "open", "preview"
_EVERY = ("type", "v", "salt", "at", "judged", "block", "event", "custody", "outcome")
_SIGNED = ("base", "signature")
_ENTRY = ("entry", "version", "rows", "answer")
_BITMAPS = ("items", "masked")
_CHAINED = ("authorisation", "number", "prev")
_REST = ("revision", "plain", "operator", "matter")
_QUESTION = ("sequence", "authorisation", "question", "values", "answer")
KINDS: dict[str, frozenset[str]] = {
    CALL: frozenset((*_EVERY, *_SIGNED, *_CHAINED, *_ENTRY, *_BITMAPS, *_REST)),
    AUDIT: frozenset((*_EVERY, *_SIGNED, *_QUESTION)),
    OPEN: frozenset((*_EVERY, *_ENTRY)),
    PREVIEW: frozenset((*_EVERY, *_SIGNED, "sequence", *_ENTRY, *_BITMAPS)),
}
"""The members of each kind of leaf."""

_SIGNATURE_DIGITS = 128
_QUESTION_CHARACTERS = 512
_OUTCOME = re.compile(r"[a-z][a-z0-9-]{0,63}")
_IS_CALL = b'"type":"call"'
_GLANCE = re.compile(
    rb'"at":(\d{1,16}),"authorisation":(\d{1,16}),.*"entry":"([0-9a-f]{64})",'
    rb'.*"outcome":"([a-z0-9-]{1,64})",.*"rows":(\d{1,16}),',
    re.DOTALL,
)
"""What is counted of a call; members stand in canonical order, and no string holds a bare quote."""


@dataclass(frozen=True)
class Leaf:
    """An entry of a log; a member its kind does not have is empty."""

    kind: str
    salt: bytes
    at: int
    """Milliseconds since 1970 at which it was committed; never decreases within a log."""
    judged: int
    """Seconds since 1970 it was judged at: key, age of the signature and dates count then."""
    block_number: int
    """The block of the read model it was judged by."""
    block_hash: bytes
    event: bytes
    custody: str
    """`own`, or `hosted` when another department runs the provider's node."""
    outcome: str
    """`served`, or the problem code of the refusal."""
    base: bytes = b""
    """The signed text of the request, exact."""
    signature: bytes = b""
    """The caller's 64 bytes r‖s over `base`."""
    authorisation: int = 0
    number: int = 0
    """Counts the calls of the authorisation's own application from 1; 0 for a stranger's."""
    prev: bytes = ZERO
    """Leaf hash of the call numbered one less; 32 zero bytes for numbers 0 and 1."""
    entry: bytes = ZERO
    """Entry id; 32 zero bytes when the authorisation is unknown."""
    version: int = 0
    revision: int = 0
    items: int = 0
    """Bitmap of the items asked for."""
    masked: int = 0
    """Bitmap of the items that were masked."""
    rows: int = 0
    answer: bytes | None = None
    """SM3 of what was handed out, of an envelope its canonical bytes; None for a refusal."""
    plain: bytes | None = None
    """SM3 of the plaintext; None for a refusal."""
    operator: bytes | None = None
    """`commitment(salt, operator)`; None when none was named."""
    matter: bytes | None = None
    sequence: int = 0
    """0 where `base` is the request itself; else which request under the login in `base`."""
    question: str = ""
    """What an auditor asked, without personal data."""
    values: bytes | None = None
    """`commitment(salt, values)` of what the question names people by; None when by nothing."""

    def verify_times(self, *, block: int = 0) -> None:
        """Check block time <= judged <= at <= judged + 60 s; `block` is in seconds.

        Raises:
            MalformedReceipt: naming the rule that does not hold: it was dated back or too late.
        """
        if self.judged < block:
            raise MalformedReceipt(f"judged at {self.judged}, before its block of {block}")
        if not self.judged <= self.at // 1000 <= self.judged + COMMIT_SECONDS:
            raise MalformedReceipt(
                f"judged at {self.judged} and logged at {self.at // 1000}: not within "
                f"{COMMIT_SECONDS} s"
            )


class Glance(NamedTuple):
    """What is counted of a call."""

    at: int
    """Milliseconds since 1970."""
    authorisation: int
    entry: bytes
    outcome: str
    rows: int


def glance(leaf: bytes) -> Glance | None:
    """Read what is counted of a call from a log's own leaf, by its bytes; None for other kinds.

    It costs a tenth of `parse_leaf`, and checks nothing.
    """
    if _IS_CALL not in leaf or (found := _GLANCE.search(leaf)) is None:
        return None
    at, authorisation, entry, outcome, rows = found.groups()
    return Glance(
        int(at), int(authorisation), bytes.fromhex(entry.decode()), outcome.decode(), int(rows)
    )


def commitment(salt: bytes, value: str) -> bytes:
    """Return SM3(salt ‖ UTF-8 value): binds to a value without telling it."""
    return sm3(salt + value.encode())


def open_event(judged: int) -> bytes:
    """Return a fresh event id for what nobody signed."""
    return judged.to_bytes(8, "big") + secrets.token_bytes(24)


def login_event(login: bytes) -> bytes:
    """Return the event id of a login by its text: the second at its end, then its SM3.

    Raises:
        MalformedReceipt: the text is no login's.
    """
    try:
        moment = login.decode("ascii").rsplit(" ", 1)[1]
        second = int(datetime.fromisoformat(moment).timestamp())
        return second.to_bytes(8, "big") + sm3(login)[:24]
    except (ValueError, IndexError, OverflowError) as error:
        raise MalformedReceipt("the text is no login's") from error


def session_event(login: bytes, sequence: int) -> bytes:
    """Return the event id of request `sequence`, from 1, under the login of event `login`."""
    return login[:8] + sm3(login + sequence.to_bytes(8, "big"))[:24]


def build_leaf(
    kind: str = CALL,
    *,
    block: BlockRef,
    judged: int,
    event: bytes,
    custody: str,
    base: bytes = b"",
    signature: bytes = b"",
    authorisation: int = 0,
    outcome: str = SERVED,
    entry: bytes = ZERO,
    version: int = 0,
    revision: int = 0,
    items: int = 0,
    masked: int = 0,
    rows: int = 0,
    answer: bytes | None = None,
    plain: bytes | None = None,
    operator: bytes | None = None,
    matter: bytes | None = None,
    sequence: int = 0,
    question: str = "",
    values: bytes | None = None,
) -> dict[str, Any]:
    """Return the members of a leaf but `at` and a call's `number` and `prev`, with a fresh salt.

    `judged` is in seconds; `answer` and `plain` are digests, `operator`, `matter` and `values`
    commitments. A member that the kind does not have is left out.
    """
    known = {
        "type": kind,
        "v": VERSION,
        "salt": b64u(secrets.token_bytes(SALT_SIZE)),
        "judged": judged,
        "block": {"number": block.number, "hash": block.hash.hex()},
        "event": event.hex(),
        "base": base.decode("ascii"),
        "signature": signature.hex(),
        "authorisation": authorisation,
        "entry": entry.hex(),
        "version": version,
        "revision": revision,
        "items": f"{items:064x}",
        "masked": f"{masked:064x}",
        "rows": rows,
        "outcome": outcome,
        "answer": _hex(answer),
        "plain": _hex(plain),
        "operator": _hex(operator),
        "matter": _hex(matter),
        "custody": custody,
        "sequence": sequence,
        "question": question,
        "values": _hex(values),
    }
    members = KINDS[kind]
    return {name: value for name, value in known.items() if name in members}


def complete_leaf(
    draft: dict[str, Any],
    *,
    at: int,
    number: int = 0,
    prev: bytes = ZERO,
    refusal: str | None = None,
) -> bytes:
    """Return the leaf's canonical bytes; `refusal` makes it one, without answer and rows.

    `number` and `prev` are a call's.

    Raises:
        InvalidInput: the leaf would be larger than 4 KiB.
    """
    members = {**draft, "at": at}
    if draft["type"] == CALL:
        members |= {"number": number, "prev": prev.hex()}
    if refusal is not None:
        members |= {"outcome": refusal, "answer": None, "plain": None, "rows": 0}
        members["masked"] = f"{0:064x}"
    data = canonical.dumps(members)
    if len(data) > LIMIT:
        raise InvalidInput(f"the leaf would have {len(data)} bytes, more than {LIMIT}")
    return data


def parse_leaf(data: bytes, kinds: Collection[str] = (CALL,)) -> Leaf:
    """Read a leaf that is one of `kinds`.

    Raises:
        MalformedReceipt: not the canonical bytes of such a leaf; names another kind or version.
    """
    members = canonical.loads(data, limit=LIMIT, error=MalformedReceipt)
    if not isinstance(members, dict):
        raise MalformedReceipt("the leaf is no object")
    kind, version = members.get("type"), members.get("v")
    if type(version) is not int or version != VERSION:
        raise MalformedReceipt(f"the leaf is of version {version!r:.20}; {VERSION} is read here")
    if not isinstance(kind, str) or kind not in KINDS:
        raise MalformedReceipt(f"the leaf is of no kind known here: {kind!r:.40}")
    if kind not in kinds:
        raise MalformedReceipt(f"the leaf is of kind {kind}; {' or '.join(kinds)} is wanted here")
    if members.keys() != KINDS[kind]:
        raise MalformedReceipt(f"the leaf does not have the members of kind {kind}")
    block_number, block_hash = _block(members["block"])
    return Leaf(
        kind=kind,
        block_number=block_number,
        block_hash=block_hash,
        **{name: read(members[name]) for name, read in _READERS.items() if name in members},
    )


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


def _salt(value: object) -> bytes:
    salt = unb64u(value, error=MalformedReceipt)
    if len(salt) != SALT_SIZE:
        raise MalformedReceipt(f"the leaf's salt does not have {SALT_SIZE} bytes")
    return salt


def _custody(value: object) -> str:
    if not isinstance(value, str) or value not in CUSTODIES:
        raise MalformedReceipt("the leaf's custody is neither own nor hosted")
    return value


def _number(value: object) -> int:
    if type(value) is not int or value < 0:
        raise MalformedReceipt("a number of the leaf is no whole number from 0")
    return value


def _digest(value: object) -> bytes:
    return hex32(value, error=MalformedReceipt)


def _block(value: object) -> tuple[int, bytes]:
    if not isinstance(value, dict) or set(value) != {"number", "hash"}:
        raise MalformedReceipt("the leaf's block has other members than number, hash")
    return _number(value["number"]), _digest(value["hash"])


def _ascii(value: object) -> bytes:
    if not isinstance(value, str) or not value.isascii() or not value:
        raise MalformedReceipt("a text of the leaf is empty or not ASCII")
    return value.encode("ascii")


def _outcome(value: object) -> str:
    if not isinstance(value, str) or not _OUTCOME.fullmatch(value):
        raise MalformedReceipt("the leaf's outcome is neither served nor a problem code")
    return value


def _question(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _QUESTION_CHARACTERS:
        raise MalformedReceipt(
            f"the leaf's question is no text of 1 to {_QUESTION_CHARACTERS} characters"
        )
    return value


def _signature(value: object) -> bytes:
    half = _SIGNATURE_DIGITS // 2
    if not isinstance(value, str) or len(value) != _SIGNATURE_DIGITS:
        raise MalformedReceipt("the leaf's signature does not have 128 hex digits")
    return _digest(value[:half]) + _digest(value[half:])


_READERS: dict[str, Callable[[object], Any]] = {
    "salt": _salt,
    "custody": _custody,
    "outcome": _outcome,
    "base": _ascii,
    "signature": _signature,
    "question": _question,
    **dict.fromkeys(("event", "prev", "entry"), _digest),
    **dict.fromkeys(_BITMAPS, lambda value: int.from_bytes(_digest(value), "big")),
    **dict.fromkeys(
        ("answer", "plain", "operator", "matter", "values"),
        lambda value: None if value is None else _digest(value),
    ),
    **dict.fromkeys(
        ("at", "judged", "authorisation", "number", "version", "revision", "rows", "sequence"),
        _number,
    ),
}
