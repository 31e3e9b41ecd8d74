"""Sharing: entries filed from workbooks and reviewed, authorisations applied for and answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from node.documents.importing.filing import file_table
from node.documents.importing.mapping import load_mapping
from node.documents.importing.template import write_template
from node.errors import MalformedTable
from node.office import cataloguing
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
    from .city import DemoCity

TIGHT_CALLS_PER_DAY = 5
"""Quota of the unconditional entry: small, so that the demo can use it up."""
WANTED = {
    HOUSEHOLD: ("XM", "GMSFHM", "XB", "CSRQ", "HJDZ"),
    PROPERTY: ("QLRZJH", "QLR", "ZL", "MJ", "SFDY"),
    PLACES: ("XZQ", "LM", "MPH"),
}
"""By entry: the items applied for."""
REFUSED = {"SFDY": "是否抵押与入学资格核验无关"}
"""Items of the property entry that are not granted, and why."""
GRANTED = {
    code: tuple(item for item in items if item not in REFUSED) for code, items in WANTED.items()
}
RETURNED = "摘要过于简略，请写明持证人、地址和更新来源"
"""Why one entry is returned."""


@dataclass
class Share:
    """What has been published and granted so far."""

    city: DemoCity
    versions: dict[tuple[str, int], Document] = field(default_factory=dict)
    applications: dict[str, bytes] = field(default_factory=dict)
    """By entry: the digest of what was applied with."""
    authorisations: dict[str, int] = field(default_factory=dict)
    """By entry."""

    def __post_init__(self) -> None:
        self.cast = self.city.cast

    def provider(self, code: str) -> Player:
        return self.cast.police if code in {HOUSEHOLD, RESIDENCE} else self.cast.land

    def publish_catalogue(self) -> int:
        """Publish four entries, one of them after it was returned and mended, one twice.

        Returns how many workbooks that took.
        """
        filed = self._file(self.cast.police, POLICE_FORMS, "公安局目录")
        filed += self._file(self.cast.land, LAND_FORMS, "自然资源局目录")
        self._review(filed, {RESIDENCE: RETURNED})
        self._review(self._file(self.cast.police, (MENDED_RESIDENCE,), "公安局目录-修改"), {})
        self._review(self._file(self.cast.police, (SECOND_HOUSEHOLD,), "公安局目录-第二版"), {})
        return len(list(self.city.folder.glob("*.xlsx")))

    def _file(self, player: Player, forms: Sequence[EntryForm], name: str) -> list[Document]:
        """Fill a workbook, read it back, submit all its entries with one signature."""
        path = self.city.folder / f"{name}.xlsx"
        write_template(path, [row for form in forms for row in form.rows(player)])
        filing = file_table(
            path, load_mapping("t2"), department=player.code, next_version=self._next_version
        )
        if filing.problems:
            raise MalformedTable("；".join(problem.render() for problem in filing.problems))
        filed = [documents.parse(data) for data in filing.documents]
        self.city.decide(player.code, cataloguing.submit_papers(filed), player.head)
        for paper in filed:
            self.versions[paper.body.code, paper.body.version] = paper
        return filed

    def _next_version(self, code: str) -> int:
        return 1 + max((number for known, number in self.versions if known == code), default=0)

    def _review(self, filed: list[Document], returned: dict[str, str]) -> None:
        act = cataloguing.review_versions(papers.review(self.cast, filed, returned))
        self.city.decide(self.cast.data.code, act, self.cast.data.signer("审核员"))

    def set_standing_reply(self) -> None:
        """Agree in advance to whoever applies for the unconditional entry."""
        land = self.cast.land
        act = cataloguing.set_standing_reply(
            land.code,
            PLACES,
            standing=True,
            calls_per_day=TIGHT_CALLS_PER_DAY,
            rows_per_day=papers.ROWS_PER_DAY,
        )
        self.city.decide(land.code, act, land.office_head)

    def apply(self) -> list[int]:
        """Apply for two conditional entries and the unconditional one; return their states."""
        consumer = self.cast.education
        wanted = [
            papers.application(self.cast, self.provider(code), code, items)
            for code, items in WANTED.items()
        ]
        act = self.city.draft(consumer, lambda drafter: drafter.apply_for(wanted, None))
        event = self.city.decide(consumer.code, act, consumer.office_head).event
        for number, (code, data) in enumerate(
            zip(WANTED, act.documents, strict=True), event["first"]
        ):
            self.authorisations[code] = number
            self.applications[code] = documents.digest_of(data)
        return list(event["states"])

    def reply(self) -> None:
        """Agree to all of the household application; refuse one item of the property one."""
        said = {"opinion": "经工作机构负责人审定", "handler": papers.CONTACT}
        refusals = [papers.refusal(*each) for each in REFUSED.items()]
        for code, answer, refused in (
            (HOUSEHOLD, "同意", []),
            (PROPERTY, "部分同意", refusals),
        ):
            provider, number = self.provider(code), self.authorisations[code]
            act = self.city.draft(
                provider,
                lambda drafter, number=number, answer=answer, refused=refused: drafter.reply(  # type: ignore[misc]
                    number, answer, refused, narrowed={}, said=said
                ),
            )
            self.city.decide(provider.code, act, provider.office_head)

    def take_step(self, code: str, name: str, reason: str) -> int:
        """Suspend or resume; return the block it was mined in."""
        provider, number = self.provider(code), self.authorisations[code]
        act, _ = self.city.draft(
            provider, lambda drafter: drafter.step(number, name, {"reason": reason})
        )
        return self.city.decide(provider.code, act, provider.office_head).block
