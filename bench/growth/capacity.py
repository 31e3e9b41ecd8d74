"""What a city, a province and the nation would need, reckoned from what was measured.

Every assumption is a named figure of `Assumed`; whoever knows better changes it and runs the
command again. Nothing here is measured: it is arithmetic on what is.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

SECONDS_A_DAY = 86_400
DAYS_A_YEAR = 365
TIB = 2**40


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures the model stands on."""

    cpu_ms_per_call: float
    """Processor time of a call, of all that a node does meanwhile."""
    appends_per_second: float
    """Into one log, at the largest size measured."""
    bytes_per_entry: float
    decisions_per_second: float
    """Into a read model that catches up."""
    decision_gas: float
    anchor_gas: float
    bytes_per_decision: float
    """In a read model."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """What is not measured."""

    busy_hours: float = 8
    """Of a day, in which all of it is called."""
    peak: float = 3
    """The busiest second of these beside their average."""
    busiest_share: float = 0.2
    """Of all calls that go to the one provider that is asked most."""
    core_use: float = 0.6
    """Of a core that is planned with; the rest is for what nobody planned."""
    decisions_a_day: float = 20
    """Of a department: entries, applications, replies, steps, keys."""
    anchor_seconds: float = 10
    """Between two anchors of a log that is written to (the settings' default)."""
    block_gas: float = 30_000_000
    block_seconds: float = 2
    """Of a chain of validators, as is usual; the embedded one takes 1,000,000,000 a block."""
    document_bytes: float = 4_000
    """Of a decision's documents, which every node that may have them keeps."""
    kept_years: float = 3
    """Records are kept at least so long (条例, design.md)."""


class Place(NamedTuple):
    """Who shares, and how much."""

    chinese: str
    english: str
    departments: int
    calls_a_day: float


PLACES = (
    Place("一个市", "a city", 52, 100_000),
    Place("一个省", "a province", 700, 10_000_000),
    Place("全国", "the nation", 114, 1_000_000_000),
)
"""A city as in design.md; a province of eleven such cities with its own departments; the nation's
82 ministries and 32 provinces, each one node here: what a province shares inside it stays there."""


@dataclass(frozen=True, slots=True)
class Need:
    """What one place needs; the busiest provider's node is what a machine must be bought for."""

    place: Place
    peak_calls: float
    """A second, at the busiest provider."""
    cores: int
    """For these."""
    disk_tib: float
    """Of the busiest provider's log, over the years it is kept."""
    gas_share: float
    """Of the chain's gas that anchors and decisions take."""
    log_share: float
    """Of what one log takes a second, at that peak."""
    catch_up_hours: float
    """An empty node's, after the years kept."""
    ledger_gib: float
    """Every node's databases of decisions and documents, after the years kept."""

    @property
    def first(self) -> str:
        """Name what gives way first: `disk`, `cores`, `log`, `gas`, `catch-up`, or `nothing`."""
        strains = {
            "log": self.log_share,
            "gas": self.gas_share,
            "cores": self.cores / CORES_OF_A_HOST,
            "disk": self.disk_tib / TIB_OF_A_HOST,
            "catch-up": self.catch_up_hours / HOURS_OF_A_NIGHT,
        }
        first = max(strains, key=lambda name: strains[name])
        return first if strains[first] >= NOTICED else "nothing"


NOTICED = 0.1
"""Below a tenth of what there is, nobody need think of it."""
CORES_OF_A_HOST, TIB_OF_A_HOST, HOURS_OF_A_NIGHT = 32, 8, 8
"""What one usual server has, and how long a new node may take: what strains are held against."""


def reckon(place: Place, measured: Measured, assumed: Assumed) -> Need:
    """Return what a place needs."""
    calls = place.calls_a_day * assumed.busiest_share
    peak = calls / (assumed.busy_hours * 3600) * assumed.peak
    anchors = place.departments * SECONDS_A_DAY / assumed.anchor_seconds
    # A log nobody writes to is not anchored: at most one anchor a call.
    anchors = min(anchors, place.calls_a_day)
    decisions = place.departments * assumed.decisions_a_day
    gas = anchors * measured.anchor_gas + decisions * measured.decision_gas
    room = SECONDS_A_DAY / assumed.block_seconds * assumed.block_gas
    days = DAYS_A_YEAR * assumed.kept_years
    return Need(
        place=place,
        peak_calls=peak,
        cores=ceil(peak * measured.cpu_ms_per_call / 1000 / assumed.core_use),
        disk_tib=calls * days * measured.bytes_per_entry / TIB,
        gas_share=gas / room,
        log_share=peak / measured.appends_per_second,
        catch_up_hours=decisions * days / measured.decisions_per_second / 3600,
        ledger_gib=decisions
        * days
        * (measured.bytes_per_decision + assumed.document_bytes)
        / 2**30,
    )
