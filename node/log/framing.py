"""Drafts and results between the processes of one node, as bytes: both ways in batches.

A frame is its length in four bytes (big-endian, at most `FRAME_BYTES`) and items one by one. An
item is a head of fixed size, in which stand the numbers and the lengths, and then the parts. It
carries the number its sender gave it, so results may come in any order and in other company.
Errors travel by the name of their class in `node/errors.py`; their facts are JSON values. Nothing
is unpickled, and what cannot have been written here is refused.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from node import errors
from node.errors import Fatal, InvalidInput, LedgerError
from node.protocol.wire.merkle import HASH_SIZE

from .leafdraft import LeafDraft
from .logdrafts import Committed, Draft
from .parts import lengths_of, take_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FRAME_BYTES = 64 * 1024 * 1024
"""Longest frame: an answer of 10,000 rows is a tenth of it."""
PIECE_BYTES = 1 << 20
"""A sender begins another frame beyond this."""
_LENGTH = Struct(">I")
_DRAFT = Struct(">Q QqqqB 8I")
_DONE = Struct(">Q QQqqqqB 4I I")
_FAILED = Struct(">Q I")
_FRESH, _OWN = 1, 2
"""Of a result: it is new; its answer is the draft's own, and stays where that is."""
_DONE_MARK, _FAILED_MARK = b"\0", b"\1"


class Done(NamedTuple):
    """What became of the draft with a number."""

    number: int
    result: Committed | LedgerError
    own: bool
    """Whether the answer is the draft's own, which is not sent back."""


class Frames:
    """Cuts a stream into frames; what is not whole yet is kept."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take what came and yield the frames that are whole now.

        Raises:
            InvalidInput: a frame is longer than any of ours.
        """
        self._kept += data
        at = 0
        while len(self._kept) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._kept, at)
            if length > FRAME_BYTES:
                raise InvalidInput(f"a frame of {length} bytes; the longest is {FRAME_BYTES}")
            end = at + _LENGTH.size + length
            if len(self._kept) < end:
                break
            yield bytes(self._kept[at + _LENGTH.size : end])
            at = end
        del self._kept[:at]


def frames_of(items: Iterable[bytes]) -> Iterator[bytes]:
    """Yield frames that hold `items` in their order, each as many as fit into a piece."""
    held: list[bytes] = []
    size = 0
    for item in items:
        if held and size + len(item) > PIECE_BYTES:
            yield _LENGTH.pack(size) + b"".join(held)
            held, size = [], 0
        held.append(item)
        size += len(item)
    if held:
        yield _LENGTH.pack(size) + b"".join(held)


def pack_draft(number: int, draft: Draft) -> bytes:
    """Return a draft as an item.

    Raises:
        InvalidInput: it is longer than a frame may be.
    """
    parts = (
        draft.log, draft.event, draft.key, draft.text, draft.leaf.pack(),
        None if draft.refusal is None else draft.refusal.encode(), draft.answer, draft.request,
    )  # fmt: skip
    head = _DRAFT.pack(
        number, draft.authorisation, draft.calls_per_day, draft.rows_per_day, draft.rows,
        draft.counted, *lengths_of(parts),
    )  # fmt: skip
    item = b"".join((head, *filter(None, parts)))
    if len(item) > FRAME_BYTES:
        raise InvalidInput(f"an answer of {len(item)} bytes is too long for the log; ask for less")
    return item


def unpack_drafts(frame: bytes) -> list[tuple[int, Draft]]:
    """Return the drafts of a frame, each with its number.

    Raises:
        InvalidInput: it is none of `pack_draft`'s.
    """
    found, at = [], 0
    while at < len(frame):
        number, authorisation, calls, rows_a_day, rows, counted, *lengths = _head(_DRAFT, frame, at)
        parts, at = _parts(frame, at + _DRAFT.size, lengths)
        log, event, key, text, leaf, refusal, answer, request = parts
        draft = Draft(
            log=log or b"",
            event=event or b"",
            text=text or b"",
            authorisation=authorisation,
            counted=bool(counted),
            leaf=LeafDraft.unpack(leaf or b""),
            key=key or b"",
            calls_per_day=calls,
            rows_per_day=rows_a_day,
            rows=rows,
            answer=answer,
            request=request,
            refusal=None if refusal is None else refusal.decode("ascii", "replace"),
        )
        found.append((number, draft))
    return found


def pack_result(number: int, result: Committed | LedgerError, draft: Draft) -> bytes:
    """Return what became of a draft as an item; an answer that is the draft's own is left out."""
    if isinstance(result, LedgerError):
        told = {"kind": type(result).__name__, "message": result.message, "facts": result.facts}
        text = orjson.dumps(told)
        return _FAILED_MARK + _FAILED.pack(number, len(text)) + text
    own = result.answer is not None and result.answer is draft.answer
    parts = (
        result.leaf, result.checkpoint, result.outcome.encode(), None if own else result.answer,
    )  # fmt: skip
    flags = (_FRESH if result.fresh else 0) | (_OWN if own else 0)
    head = _DONE.pack(
        number, result.index, result.size, result.number, result.remaining_calls,
        result.remaining_rows, result.reset, flags, *lengths_of(parts), len(result.proof),
    )  # fmt: skip
    return b"".join((_DONE_MARK, head, *filter(None, parts), *result.proof))


def unpack_results(frame: bytes) -> list[Done]:
    """Return the results of a frame.

    Raises:
        InvalidInput: it is none of `pack_result`'s.
    """
    found, at = [], 0
    while at < len(frame):
        mark, at = frame[at : at + 1], at + 1
        done, at = (_unpack_done if mark == _DONE_MARK else _unpack_failed)(frame, at)
        found.append(done)
    return found


def _unpack_done(frame: bytes, at: int) -> tuple[Done, int]:
    number, index, size, count, calls, rows, reset, flags, *lengths, hashes = _head(
        _DONE, frame, at
    )
    parts, at = _parts(frame, at + _DONE.size, lengths)
    leaf, checkpoint, outcome, answer = parts
    end = at + hashes * HASH_SIZE
    if end > len(frame):
        raise _cut(frame)
    result = Committed(
        leaf=leaf or b"",
        index=index,
        size=size,
        proof=tuple(frame[each : each + HASH_SIZE] for each in range(at, end, HASH_SIZE)),
        checkpoint=checkpoint or b"",
        outcome=(outcome or b"").decode("ascii", "replace"),
        answer=answer,
        number=count,
        remaining_calls=calls,
        remaining_rows=rows,
        reset=reset,
        fresh=bool(flags & _FRESH),
    )
    return Done(number, result, own=bool(flags & _OWN)), end


def _unpack_failed(frame: bytes, at: int) -> tuple[Done, int]:
    number, length = _head(_FAILED, frame, at)
    (text,), at = _parts(frame, at + _FAILED.size, (length,))
    told = _object(text or b"")
    kind: object = getattr(errors, str(told.get("kind")), None)
    # Fatal ends the process it happens in, and no other by its name.
    if not (isinstance(kind, type) and issubclass(kind, LedgerError)) or issubclass(kind, Fatal):
        raise InvalidInput(f"no error of ours: {told.get('kind')}")
    facts = told.get("facts")
    error = kind(str(told.get("message")), **(facts if isinstance(facts, dict) else {}))
    return Done(number, error, own=False), at


def _head(struct: Struct, frame: bytes, at: int) -> tuple[Any, ...]:
    if len(frame) - at < struct.size:
        raise _cut(frame)
    return struct.unpack_from(frame, at)


def _parts(frame: bytes, at: int, lengths: Iterable[int]) -> tuple[list[bytes | None], int]:
    """Return the parts that begin at `at`, and where they end."""
    try:
        return take_parts(frame, at, lengths)
    except ValueError as error:
        raise _cut(frame) from error


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"a part that is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise InvalidInput("a part that is no JSON object")
    return found


def _cut(frame: bytes) -> InvalidInput:
    return InvalidInput(f"a frame of {len(frame)} bytes ends in the midst of an item")
