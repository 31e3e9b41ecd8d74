"""Sharing: entries filed from workbooks and reviewed, authorisations applied for and answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from node.documents.importing.filing import file_table
from node.documents.importing.mapping import load_mapping
from node.documents.importing.template import write_template
from node.errors import MalformedTable
from node.office import authorising, cataloguing
from node.office.authorising import Request
from node.protocol import forms as documents

from . import papers
from .entries import (
    HOUSEHOLD,
    LAND_FORMS,
    MENDED_RESIDENCE,
    PLACES,
    POLICE_FORMS,
    PROPERTY,
    RESIDENCE,
    SECOND_HOUSEHOLD,
    EntryForm,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.protocol.forms import Document

    from .cast import Player
    from .city import City
    from .offices import Offices

CALLS_PER_DAY = 400
ROWS_PER_DAY = 4_000
TIGHT_CALLS_PER_DAY = 5
"""Quota of the unconditional entry: small, so that the demo can use it up."""


@dataclass(frozen=True, slots=True)
class Filed:
    """How the catalogue came to be."""

    workbooks: int
    reason: str
    """Why one entry was returned."""


@dataclass
class Share:
    """What has been published and granted so far."""

    city: City
    offices: Offices
    versions: dict[tuple[str, int], Document] = field(default_factory=dict)
    authorisations: dict[str, int] = field(default_factory=dict)
    """By entry code."""
    applied_items: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By entry code: the items applied for."""
    _applied: list[Document] = field(default_factory=list)

    def file(self, player: Player, forms: Sequence[EntryForm], name: str) -> list[Document]:
        """Fill a workbook, read it back, submit all its entries with one signature."""
        path = self.city.folder / f"{name}.xlsx"
        write_template(path, [row for form in forms for row in form.rows(player)])
        filing = file_table(
            path, load_mapping("t2"), department=player.code, next_version=self._next_version
        )
        if filing.problems:
            raise MalformedTable("；".join(problem.render() for problem in filing.problems))
        filed = [documents.parse(data) for data in filing.documents]
        self.offices.decide(player, cataloguing.submit_papers(filed), player.head.signer)
        for paper in filed:
            self.versions[paper.body.code, paper.body.version] = paper
        return filed

    def review(self, filed: list[Document], returned: dict[str, str] | None = None) -> None:
        """Review versions: publish all but those returned with a reason."""
        cast = self.city.cast
        act = cataloguing.review_versions(papers.review(cast, filed, returned))
        self.offices.decide(cast.data, act, cast.data.official("审核员").signer)

    def _next_version(self, code: str) -> int:
        return 1 + max((number for known, number in self.versions if known == code), default=0)

    def publish_catalogue(self) -> Filed:
        """Publish four entries, one of them after it was returned and mended, one twice."""
        cast, reason = self.city.cast, "摘要过于简略，请写明持证人、地址和更新来源"
        filed = self.file(cast.police, POLICE_FORMS, "公安局目录")
        filed += self.file(cast.land, LAND_FORMS, "自然资源局目录")
        self.review(filed, {RESIDENCE: reason})
        self.review(self.file(cast.police, (MENDED_RESIDENCE,), "公安局目录-修改"))
        self.review(self.file(cast.police, (SECOND_HOUSEHOLD,), "公安局目录-第二版"))
        return Filed(len(list(self.city.folder.glob("*.xlsx"))), reason)

    def set_standing_reply(self) -> None:
        """Agree in advance to whoever applies for the unconditional entry."""
        land = self.city.cast.land
        act = cataloguing.set_standing_reply(
            land.code,
            PLACES,
            standing=True,
            calls_per_day=TIGHT_CALLS_PER_DAY,
            rows_per_day=ROWS_PER_DAY,
        )
        self.offices.decide(land, act, land.official("工作机构负责人").signer)

    def apply(self) -> list[int]:
        """Apply for two conditional entries and the unconditional one; return their states."""
        cast = self.city.cast
        wanted = [
            (self.versions[HOUSEHOLD, 2], ["XM", "GMSFHM", "XB", "CSRQ", "HJDZ"]),
            (self.versions[PROPERTY, 1], ["QLRZJH", "QLR", "ZL", "MJ", "SFDY"]),
            (self.versions[PLACES, 1], ["XZQ", "LM", "MPH"]),
        ]
        requests = [
            Request(
                papers.application(cast, version, items, calls=CALLS_PER_DAY, rows=ROWS_PER_DAY),
                version=version.data,
            )
            for version, items in wanted
        ]
        act = authorising.apply_for(requests)
        office = cast.education.official("工作机构负责人")
        decided = self.offices.decide(cast.education, act, office.signer)
        first: int = decided.event["first"]
        codes = [version.body.code for version, _ in wanted]
        self.authorisations = {code: first + index for index, code in enumerate(codes)}
        self.applied_items = dict(zip(codes, (tuple(items) for _, items in wanted), strict=True))
        self._applied = [documents.parse(data) for data in act.documents]
        return list(decided.event["states"])

    def application_digest(self, code: str) -> bytes:
        """Return the digest of the application for this entry."""
        return next(each.digest for each in self._applied if each.body.entry.code == code)

    def reply(self) -> dict[str, str]:
        """Agree to all of the household application; refuse one item of the property one.

        Returns the refused items, each with its reason.
        """
        cast, refused = self.city.cast, {"SFDY": "是否抵押与入学资格核验无关"}
        self._reply(cast.police, HOUSEHOLD, 2, self._applied[0], None)
        self._reply(cast.land, PROPERTY, 1, self._applied[1], refused)
        return refused

    def _reply(
        self,
        provider: Player,
        code: str,
        version: int,
        applied: Document,
        refused: dict[str, str] | None,
    ) -> None:
        number = self.authorisations[code]
        act = authorising.reply(
            papers.reply(self.city.cast, provider, number, applied, refused),
            application=applied.data,
            version=self.versions[code, version].data,
        )
        self.offices.decide(provider, act, provider.official("工作机构负责人").signer)

    def take_step(self, provider: Player, code: str, name: str, reason: str) -> int:
        """Suspend or resume; return the block it was mined in."""
        number = self.authorisations[code]
        fact = self.offices.node(provider).queries.get_authorisation(number)
        body = papers.step(
            self.city.cast,
            provider,
            number,
            name,
            subject=None if name == "暂停" else fact.subject,
            reason=reason,
        )
        act = authorising.advance(body)
        signer = provider.official("工作机构负责人").signer
        return self.offices.decide(provider, act, signer).block
