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
RATIO_OF_FRONTS = 2.5
RATIO_OF_APPENDS = 2.0
RATIO_OF_EVENTS = 2.0
MOST_MS = 50.0
MOST_MEBIBYTES = 150.0


@dataclass(frozen=True, slots=True)
class Aims:
    """What a comparison with a build of a generation must show beyond "not worse"."""

    ratios: Mapping[str, float] = field(default_factory=dict)
    """Least ratio, by figure."""
    more: Mapping[str, float] = field(default_factory=dict)
    """How much a figure may grow, in its own unit, where five per cent are not what counts."""
    most: Mapping[str, float] = field(default_factory=dict)
    """The most a figure may be, in its own unit, whatever it was before."""


@dataclass(frozen=True, slots=True)
class Generation:
    """Builds that are spoken to alike: what the first thread (cae491d) did not know is told apart.

    The builds between the first thread and the end of issue 11 know some of it.
    """

    may_enrol: bool = False
    """Whether a department's form says if it may enrol others."""
    deployers: bool = False
    """Whether an embedded chain is told who may create contracts."""
    holders: bool = True
    """Whether a grant of roles names who holds the key; later only the key's own paper does."""
    fronts: bool = False
    """Whether a node can be several processes."""

    @property
    def aims(self) -> Aims:
        """Return what a later build is held to."""
        if self == FIRST:
            return AIMS_OF_ISSUE_11
        return Aims() if self.fronts else AIMS_OF_ISSUE_14

    def enrolment(self, blank: str, *, may_enrol: bool, **members: str) -> str:
        """Return a department's form, filled in."""
        more = {"mayEnrol": str(may_enrol).lower()} if self.may_enrol else {}
        return filled(blank, **members, **more)

    def chain_options(self, deployer: bytes) -> list[str]:
        """Return what `chain run` is told beyond its folder and port."""
        return ["--deployer", f"0x{deployer.hex()}"] if self.deployers else []

    def holder_options(self, name: str) -> list[str]:
        """Return how `department grant` is told who holds the key."""
        return ["--holder", name] if self.holders else []


FIRST = Generation()
AIMS_OF_ISSUE_11 = Aims(
    {"decisions_per_second": RATIO_OF_DECISIONS}, {"node_mebibytes": MORE_MEBIBYTES}
)
AIMS_OF_ISSUE_14 = Aims(
    {
        "calls_per_second_two_fronts": RATIO_OF_FRONTS,
        "appends_per_second": RATIO_OF_APPENDS,
        "events_per_second": RATIO_OF_EVENTS,
    },
    most={"p99_ms_at_80_percent": MOST_MS, "front_mebibytes": MOST_MEBIBYTES},
)


def recognise(
    blank_department: str, chain_help: str, grant_help: str, *, fronts: bool
) -> Generation:
    """Return the generation of a build that says so.

    By its blank form of a department, its help on `chain run` and `department grant`, and whether
    it has what watches over `fronts`.
    """
    return Generation(
        may_enrol=re.search(r"(?m)^mayEnrol = ", blank_department) is not None,
        deployers="--deployer" in chain_help,
        holders="--holder" in grant_help,
        fronts=fronts,
    )


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
