"""Catalogue entries and their versions, replayed from the events of `CatalogueRegistry`.

The rules are the contract's, checked again (see registry.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...crypto import keccak256
from ..wire import ids, items
from .enums import EntryState, Role, ShareType
from .registry import place, require
from .report import refuse

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from ..evm.abi import ChainEvent
    from .registry import Registry


@dataclass(slots=True)
class Version:
    """One version of an entry."""

    state: int
    share_type: int
    item_count: int
    digest: bytes
    submitter: bytes
    """The key that signed it in; another one must review it."""


@dataclass(slots=True)
class StandingReply:
    """A provider's reply in advance, to whoever applies for an unconditional entry."""

    calls_per_day: int
    rows_per_day: int
    terms: bytes


@dataclass(slots=True)
class Entry:
    """A catalogue entry."""

    provider: bytes
    versions: MutableMapping[int, Version] = field(default_factory=dict)
    """By number, from 1."""
    latest: int = 0
    """The number submitted last."""
    current: int = 0
    """The published version in force; 0 before the first."""
    standing: StandingReply | None = None


@dataclass(slots=True)
class Catalogue:
    """State of `CatalogueRegistry`."""

    registry: Registry
    entries: MutableMapping[bytes, Entry] = field(default_factory=dict)

    def apply(self, event: ChainEvent) -> None:
        """Apply one event whose signature holds.

        Raises:
            EvidenceInvalid: the contract's rules do not allow it.
        """
        match event.name:
            case "VersionsSubmitted":
                self._submit(event)
            case "VersionsReviewed":
                self._review(event)
            case _:
                self._set_standing(event)

    def _submit(self, event: ChainEvent) -> None:
        department = event.args["department"]
        self.registry.require_role(event, department, Role.DEPARTMENT_HEAD)
        require(
            event.args["versions"] and all(map(_is_version, event.args["versions"])),
            event,
            "目录版本的文书、共享类型或数据项数无效",
            "a version without a document, of no share type or without items",
        )
        named = [keccak256(department + one["codeHash"]) for one in event.args["versions"]]
        require(
            named == list(event.args["entries"]),
            event,
            "目录编号与其部门、代码不符",
            "an entry's id is not derived from its department and code",
        )
        for entry_id, submitted in zip(named, event.args["versions"], strict=True):
            entry = self.entries.setdefault(entry_id, Entry(department))
            pending = entry.latest and entry.versions[entry.latest].state == EntryState.SUBMITTED
            require(
                submitted["version"] == entry.latest + 1 and not pending,
                event,
                "目录版本号不连续,或前一版本尚待审核",
                "a version out of sequence, or while another awaits its review",
            )
            entry.latest = submitted["version"]
            entry.versions[entry.latest] = Version(
                EntryState.SUBMITTED,
                submitted["shareType"],
                submitted["itemCount"],
                submitted["digest"],
                event.args["signingKey"],
            )

    def _review(self, event: ChainEvent) -> None:
        require(event.args["reviews"], event, "审核内容为空", "a review of nothing")
        for review in event.args["reviews"]:
            entry = self.entries.get(review["entry"])
            if entry is None or review["version"] != entry.latest:
                refuse(place(event), "审核的不是最新目录版本", "not the entry's latest version")
            competent = self.registry.competent_of(entry.provider)
            require(
                competent == event.args["competent"],
                event,
                "审核部门不是主管部门",
                "reviewed by another department than the competent one",
            )
            self.registry.require_role(event, competent, Role.REVIEWER)
            version = entry.versions[entry.latest]
            require(
                version.state == EntryState.SUBMITTED
                and review["subject"] == version.digest
                and version.submitter != event.args["signingKey"],
                event,
                "审核对象与报送的版本不符,或报送与审核为同一密钥",
                "not the submitted version, or reviewed by the key that submitted it",
            )
            if review["publish"]:
                version.state = EntryState.PUBLISHED
                entry.current = review["version"]
                # A standing reply was given for unconditional data only.
                if version.share_type != ShareType.UNCONDITIONAL:
                    entry.standing = None
            else:
                version.state = EntryState.RETURNED

    def _set_standing(self, event: ChainEvent) -> None:
        args = event.args
        entry = self.entries.get(args["entry"])
        if entry is None or not entry.current:
            refuse(place(event), "目录尚未发布", "a standing reply on an unpublished entry")
        self.registry.require_role(event, entry.provider, Role.OFFICE_HEAD)
        require(
            entry.versions[entry.current].share_type == ShareType.UNCONDITIONAL,
            event,
            "非无条件共享的目录不得预先答复",
            "a standing reply on an entry that is not shared unconditionally",
        )
        require(
            not args["standing"] or (args["callsPerDay"] and args["rowsPerDay"]),
            event,
            "预先答复的限额为零",
            "a standing reply with a quota of nothing",
        )
        entry.standing = (
            StandingReply(args["callsPerDay"], args["rowsPerDay"], args["terms"])
            if args["standing"]
            else None
        )


def _is_version(submitted: dict[str, Any]) -> bool:
    return bool(
        submitted["digest"] != ids.ZERO
        and ShareType.UNCONDITIONAL <= submitted["shareType"] <= ShareType.NOT_SHARED
        and 0 < submitted["itemCount"] <= items.LIMIT
    )
