"""What a generation of builds wants to be told at its command line, and how it is recognised.

The forms are each build's own blank ones, filled in; so a member with a good example value that
one generation has and the other lacks needs nothing here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RATIO_OF_DECISIONS = 1.25
MORE_MEBIBYTES = 60.0


@dataclass(frozen=True, slots=True)
class Aims:
    """What a comparison with a build of a generation must show beyond "not worse"."""

    ratios: Mapping[str, float] = field(default_factory=dict)
    """Least ratio, by figure."""
    more: Mapping[str, float] = field(default_factory=dict)
    """How much a figure may grow, in its own unit, where five per cent are not what counts."""


@dataclass(frozen=True, slots=True)
class Generation:
    """Builds that are spoken to alike."""

    name: str
    may_enrol: bool
    """Whether a department's form says if it may enrol others."""
    aims: Aims = field(default_factory=Aims)

    def enrolment(self, blank: str, *, may_enrol: bool, **members: str) -> str:
        """Return a department's form, filled in."""
        more = {"mayEnrol": str(may_enrol).lower()} if self.may_enrol else {}
        return filled(blank, **members, **more)


FIRST = Generation(
    "the first thread (cae491d): leaves v1, departments without mayEnrol",
    may_enrol=False,
    aims=Aims({"decisions_per_second": RATIO_OF_DECISIONS}, {"node_mebibytes": MORE_MEBIBYTES}),
)
PRESENT = Generation("issue 11 and later: mayEnrol, leaves that say when they were judged", True)  # noqa: FBT003


def recognise(blank_department: str) -> Generation:
    """Return the generation whose blank form of a department this is."""
    return PRESENT if re.search(r"(?m)^mayEnrol = ", blank_department) else FIRST


def filled(text: str, **members: str) -> str:
    """Fill in members of a blank form, given as TOML, in whichever of its tables they stand first.

    Raises:
        ValueError: the form has no such member.
    """
    for member, value in members.items():
        write: Callable[[re.Match[str]], str] = lambda _, line=f"{member} = {value}": line  # type: ignore[misc]  # noqa: E731
        text, count = re.subn(rf"(?m)^{member} = .*$", write, text, count=1)
        if not count:
            raise ValueError(f"the blank form has no member {member}")
    return text
