"""Lines of a verification: what was checked, where, and in what words.

A check that fails ends the verification with `EvidenceInvalid`, whose `facts` carry `where` (the
part of the bundle, as a path), `check` (the line's id) and `text` (the finding in Chinese).
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NoReturn

from ...errors import EvidenceInvalid, LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..wire.trustfile import Head

Verdict = Literal["proven", "undetermined", "incomplete"]


@dataclass(frozen=True, slots=True)
class Check:
    """One line: a check that was made and how it ended."""

    id: str
    """Stable name: headers, receipts, decisions, … (docs/evidence.md lists them)."""
    text: str
    """The line in Chinese."""
    english: str
    where: str
    """Path of the part of the bundle the line speaks of."""
    ok: bool = True
    """False only on the line that makes the verdict another than `proven`."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a bundle proves."""

    verdict: Verdict
    """`undetermined`: authentic, but what the call was judged by changed before it was anchored.
    `incomplete`: all of it holds if the chain's block at which it ends does, which the trust file
    does not know."""
    checks: tuple[Check, ...]
    event: bytes
    authorisation: int
    outcome: str
    """`served` or the code of the refusal."""
    end: Head
    """The block at which the bundle ends."""


def refuse(where: str, text: str, english: str) -> NoReturn:
    """End the verification: the part at `where` does not hold.

    Raises:
        EvidenceInvalid: always.
    """
    raise EvidenceInvalid(f"{where}: {english}", where=where, text=text, english=english)


@contextmanager
def checking(where: str, text: str, english: str) -> Iterator[None]:
    """Turn any finding of the code within into `EvidenceInvalid` at `where`; details stay inside.

    A finding that already names its place passes through.

    Raises:
        EvidenceInvalid: something within raised one of our errors.
    """
    try:
        yield
    except EvidenceInvalid:
        raise
    except LedgerError as err:
        raise EvidenceInvalid(
            f"{where}: {english} ({err.message})",
            where=where,
            text=f"{text}（{err.code}）",
            english=f"{english} ({err.message})",
        ) from err
