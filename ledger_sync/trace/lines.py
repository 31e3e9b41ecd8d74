"""Lines of a trace: what stands somewhere, which check was made for it, and whether it holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from node.errors import LedgerError
from node.protocol.forms import BEIJING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHORT_BYTES = 6


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One line of the tree."""

    text: str
    """In Chinese."""
    english: str
    check: str
    """The check that was made, in Chinese."""
    check_english: str
    ok: bool
    finding: str
    """Why it does not hold; empty when it does."""
    children: tuple[TraceLine, ...]
    kind: str = ""
    """What it is about: `call`, `authorisation`, `version`, `decision`, `checkpoint`, `anchor`,
    `stability`, `block`; empty for what is not there."""
    id: str = ""
    """Of that thing, as titles.Target has it; empty where it has no page of its own."""

    def walk(self) -> Iterator[TraceLine]:
        """Yield this line and all below it, depth first."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def holds(self) -> bool:
        """Whether this line and all below it hold."""
        return all(each.ok for each in self.walk())

    def render(self) -> dict[str, Any]:
        """Return the line and all below it as it is told over HTTP."""
        return {
            "text": {"zh": self.text, "en": self.english},
            "check": {"zh": self.check, "en": self.check_english},
            "ok": self.ok,
            "finding": self.finding,
            "kind": self.kind,
            "id": self.id,
            "children": [each.render() for each in self.children],
        }

    def with_children(self, *children: TraceLine) -> TraceLine:
        return replace(self, children=children)


def line(
    text: str,
    english: str,
    check: str,
    check_english: str,
    make: Callable[[], object] | None,
    *children: TraceLine,
    about: tuple[str, str] = ("", ""),
) -> TraceLine:
    """Make the check and return its line; None stands for a check made elsewhere.

    A check that cannot be made for now (`retryable`) is not a finding: its error goes up.
    """
    finding = ""
    if make is not None:
        try:
            make()
        except LedgerError as err:
            if err.retryable:
                raise
            finding = str(err.facts.get("text", err.message))
    return TraceLine(text, english, check, check_english, not finding, finding, children, *about)


def short(value: bytes) -> str:
    """Shorten an id or hash for reading."""
    return value.hex()[: 2 * SHORT_BYTES] + "…"


def beijing(seconds: int) -> str:
    """Write a moment in Beijing time."""
    return datetime.fromtimestamp(seconds, BEIJING).strftime("%Y-%m-%d %H:%M:%S")
