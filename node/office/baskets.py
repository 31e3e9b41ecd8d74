"""Entries chosen as into a basket, and applied for with one signature.

A basket is the body of a draft of the kind `application`: each entry at the version that was looked
at, with items of its own; one purpose, basis, scene, period and quota for all. Nothing of it is
decided: it is weighed anew whenever it is looked at, since entries change meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

import orjson
from pydantic import Field

from ..errors import InvalidInput, NotFound
from ..protocol import forms as documents
from ..protocol.forms.fields import ITEMS_LIMIT, Count, Digest, ItemCode, Part, day_of
from ..protocol.forms.words import words_of
from ..protocol.ledger.enums import AuthorisationState as State
from ..protocol.ledger.enums import EntryState, ShareType
from ..protocol.wire import ids
from ..protocol.wire.days import BEIJING
from .reads import get_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..protocol.forms import CatalogueVersionPaper
    from ..protocol.ledger.facts import AuthorisationFact, CatalogueFact, EntryFact
    from .drafts import Listed, Person
    from .reads import Papers

KIND = "application"
MOST = 20
"""Entries of a basket: one transaction takes them all."""
MOST_KNOWN = 1_000
"""Authorisations of a consumer for one entry that are looked at."""
OVER = frozenset({State.RETURNED, State.REFUSED, State.WITHDRAWN, State.TERMINATED, State.DISPOSED,
                  State.CLOSED})  # fmt: skip
Words = tuple[str, str]
Typed = Annotated[str, Field(max_length=8_000)]
Said = Literal[
    "purpose", "purposeName", "system", "basis", "article", "scenario", "scope", "security",
    "validFrom", "validUntil", "callsPerDay", "rowsPerDay", "handler", "phone",
]  # fmt: skip
SAID: tuple[Said, ...] = Said.__args__  # type: ignore[attr-defined]
"""What is said once for all entries, as it was typed."""


class Chosen(Part):
    """An entry that was chosen."""

    entry: Digest
    version: Count
    """That was looked at."""
    items: Annotated[tuple[ItemCode, ...], Field(max_length=ITEMS_LIMIT)] = ()
    mode: Typed = ""


class Basket(Part):
    """What an application will ask for, whole or not yet."""

    chosen: Annotated[tuple[Chosen, ...], Field(max_length=MOST)] = ()
    said: dict[Said, Typed] = Field(default_factory=dict)

    def dump(self) -> bytes:
        return orjson.dumps(self.model_dump(mode="json"))


class Ledger(Protocol):
    """What is asked of the read model."""

    def get_entry(self, entry: bytes, version: int | None = None) -> EntryFact: ...
    def find_catalogued(self, entry: bytes) -> CatalogueFact | None: ...
    def list_authorisations(
        self, *, consumer: bytes, entry: bytes, limit: int
    ) -> Sequence[AuthorisationFact]: ...


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of a basket, with what stands in the way of applying for it."""

    chosen: Chosen
    paper: CatalogueVersionPaper
    """Of the version that was chosen."""
    outdated: bool
    """Whether another version is in force."""
    troubles: tuple[Words, ...]
    hints: tuple[Words, ...]
    """What stands not in the way."""


def load_basket(body: bytes) -> Basket:
    """Read a draft's body.

    Raises:
        MalformedDocument: it is too long somewhere, or no basket.
    """
    return documents.read_part(Basket, body, "申请单")


def begin_basket() -> Basket:
    """Return an empty one: from today on, for a year."""
    today = datetime.now(BEIJING).date()
    said: dict[Said, str] = {
        "validFrom": today.isoformat(),
        "validUntil": (today + timedelta(days=365)).isoformat(),
        "callsPerDay": "1000",
        "rowsPerDay": "10000",
    }
    return Basket(said=said)


def find_current(drafts: Sequence[Listed], person: Person) -> Listed | None:
    """Return the basket a person puts things in: the one he changed last and has himself."""
    own = (each for each in drafts if each.kind == KIND and each.author == person.key)
    return next((each for each in own if not each.waits_for), None)


def add(basket: Basket, entry: bytes, ledger: Ledger, store: Papers) -> Basket:
    """Put an entry in, at its version in force; one that is in it already stays as it is.

    Raises:
        InvalidInput: it cannot be applied for, or the basket is full.
        NotFound: there is no such entry.
        LedgerBehind: its document has not arrived here.
        Contradictory: its version names another document's digest.
    """
    if any(each.entry == entry.hex() for each in basket.chosen):
        return basket
    known = _known(ledger, entry)
    refused = _cannot(known)
    if refused is not None:
        raise InvalidInput(" / ".join(refused))
    if len(basket.chosen) >= MOST:
        raise InvalidInput(f"一份申请单最多 {MOST} 个目录，请另建一份 / the basket is full")
    paper = get_version(store, ledger.get_entry(entry, known.current)).body
    chosen = Chosen(entry=entry.hex(), version=known.current, mode=paper.modes[0])
    return basket.model_copy(update={"chosen": (*basket.chosen, chosen)})


def remove(basket: Basket, entry: bytes) -> Basket:
    """Take an entry out."""
    left = tuple(each for each in basket.chosen if each.entry != entry.hex())
    return basket.model_copy(update={"chosen": left})


def renew(basket: Basket, entry: bytes, ledger: Ledger, store: Papers) -> Basket:
    """Choose the version of an entry that is in force now; items that it still has stay chosen.

    Raises:
        InvalidInput, NotFound, LedgerBehind, Contradictory: as `add`.
    """
    before = {each.entry: each for each in basket.chosen}.get(entry.hex())
    if before is None:
        raise NotFound("申请单里没有这个目录 / the entry is not in the basket")
    without = remove(basket, entry)
    *_, new = add(without, entry, ledger, store).chosen
    paper = get_version(store, ledger.get_entry(entry, new.version)).body
    offered = {item.code for item in paper.items}
    items = tuple(item for item in before.items if item in offered)
    mode = before.mode if before.mode in paper.modes else new.mode
    renewed = new.model_copy(update={"items": items, "mode": mode})
    chosen = tuple(renewed if each is before else each for each in basket.chosen)
    return basket.model_copy(update={"chosen": chosen})


def fill(basket: Basket, lines: Sequence[Line], form: Mapping[str, str]) -> Basket:
    """Return a basket with what a form says: `i0-XM` is item XM of the first entry.

    Raises:
        MalformedDocument: a text is too long.
    """
    chosen = [
        {
            "entry": each.entry,
            "version": each.version,
            "items": [
                item.code for item in line.paper.items if f"i{place}-{item.code}" in form
            ],
            "mode": form.get(f"mode{place}", each.mode),
        }
        for place, (each, line) in enumerate(zip(basket.chosen, lines, strict=True))
    ]  # fmt: skip
    # What a form of other entries did not ask stays said: purposes differ by what is chosen.
    said = {name: form.get(name, basket.said.get(name, "")).strip() for name in SAID}
    return load_basket(orjson.dumps({"chosen": chosen, "said": said}))


def weigh(basket: Basket, consumer: bytes, ledger: Ledger, store: Papers, now: int) -> list[Line]:
    """Return every entry with what is wrong with it at `now`, a second of chain time.

    Raises:
        LedgerBehind: a document has not arrived here.
    """
    return [_line(each, basket, consumer, (ledger, store), now) for each in basket.chosen]


def purposes_of(lines: Sequence[Line]) -> dict[str, str] | None:
    """Return the purposes that every conditional entry lists, name by code; None: any will do."""
    listed = [
        {each.code: each.name for each in line.paper.conditions.purposes}
        for line in lines
        if line.paper.conditions is not None
    ]
    if not listed:
        return None
    first, *others = listed
    return {code: name for code, name in first.items() if all(code in each for each in others)}


def title_of(lines: Sequence[Line]) -> str:
    """Return what a basket is called in lists: after its first entry."""
    if not lines:
        return "空的申请单"
    name = lines[0].paper.name[:80]
    return f"{name} 等 {len(lines)} 个目录" if len(lines) > 1 else name


def fields_of(
    basket: Basket, lines: Sequence[Line], department: str, systems: Mapping[str, str]
) -> dict[str, Any]:
    """Return what ApplyFor is asked with (`intents.ApplyFields`), one application an entry.

    `systems` are the department's application systems, name by code.

    Raises:
        InvalidInput: something stands in the way of an entry; every such thing is named.
    """
    wrong = [(line.paper.name, words) for line in lines for words in line.troubles]
    if wrong or not lines:
        chinese = "；".join(f"{name}：{zh}" for name, (zh, _) in wrong) or "申请单是空的"
        english = "; ".join(en for _, (_, en) in wrong) or "the basket is empty"
        raise InvalidInput(f"{chinese} / {english}")
    said = {name: basket.said.get(name, "") for name in SAID}
    system = said["system"]
    common = {
        "department": department,
        "purpose": {
            "code": said["purpose"],
            "name": (purposes_of(lines) or {}).get(said["purpose"], said["purposeName"]),
        },
        "application": {"code": system, "name": systems.get(system, "")},
        "basis": [{"title": said["basis"], "article": said["article"] or None, "text": None}],
        **{name: said[name] for name in ("scenario", "scope", "security")},
        "validFrom": said["validFrom"],
        "validUntil": said["validUntil"],
        "callsPerDay": _count(said["callsPerDay"], "每日次数 / calls a day"),
        "rowsPerDay": _count(said["rowsPerDay"], "每日行数 / rows a day"),
        "handler": {"name": said["handler"], "phone": said["phone"]},
    }
    applications = [
        {
            **common,
            "entry": {
                "department": line.paper.department,
                "code": line.paper.code,
                "version": line.chosen.version,
            },
            "items": list(line.chosen.items),
            "mode": line.chosen.mode,
        }
        for line in lines
    ]
    return {"applications": applications}


def is_applied_for(basket: Basket, consumer: bytes, ledger: Ledger) -> bool:
    """Tell whether the ledger has an authorisation for every entry, as the basket asks for it."""
    purpose = ids.purpose_id(basket.said.get("purpose", ""))

    def is_there(chosen: Chosen) -> bool:
        return any(
            (fact.version, fact.purpose, day_of(fact.valid_from).isoformat())
            == (chosen.version, purpose, basket.said.get("validFrom"))
            for fact in _authorisations(ledger, consumer, chosen)
        )

    return all(map(is_there, basket.chosen))


def _authorisations(ledger: Ledger, consumer: bytes, chosen: Chosen) -> Sequence[AuthorisationFact]:
    entry = bytes.fromhex(chosen.entry)
    return ledger.list_authorisations(consumer=consumer, entry=entry, limit=MOST_KNOWN)


def _known(ledger: Ledger, entry: bytes) -> CatalogueFact:
    known = ledger.find_catalogued(entry)
    if known is None:
        raise NotFound(f"没有目录 {entry.hex()} / no such entry or version")
    return known


def _cannot(known: CatalogueFact) -> Words | None:
    """Say why an entry cannot be applied for at all; None: it can."""
    if known.frozen:
        return "已被冻结，现在不能申请", "is frozen"
    if not known.current or known.current_state == EntryState.WITHDRAWN:
        return "没有在用的版本（未发布或已撤回），不能申请", "no version of it is in force"
    if known.current_state != EntryState.PUBLISHED:
        return "正在撤回，不能申请", "is being withdrawn"
    if known.share_type == ShareType.NOT_SHARED:
        return "不予共享，不能申请", "is not shared"
    return None


def _line(
    chosen: Chosen, basket: Basket, consumer: bytes, papers: tuple[Ledger, Papers], now: int
) -> Line:
    ledger, store = papers
    entry = bytes.fromhex(chosen.entry)
    known = _known(ledger, entry)
    paper = get_version(store, ledger.get_entry(entry, chosen.version)).body
    cannot = _cannot(known)
    outdated = cannot is None and chosen.version != known.current
    troubles: list[Words] = []
    if cannot is not None:
        troubles.append((f"{cannot[0]}，请移出", cannot[1]))
    elif outdated:
        troubles.append(
            (
                f"您选的是第 {chosen.version} 版，已发布第 {known.current} 版，请改用新版并核对",
                f"version {known.current} is in force by now: choose it",
            )
        )
    if not chosen.items:
        troubles.append(("没有选择信息项", "no items are chosen"))
    if chosen.mode not in paper.modes:
        troubles.append(("没有选择共享方式", "no mode is chosen"))
    purpose = basket.said.get("purpose", "")
    if paper.conditions is not None and purpose:
        listed = {each.code for each in paper.conditions.purposes}
        if purpose not in listed:
            troubles.append(
                (
                    "所选用途不在这个目录列明的用途之内，请移出后单独申请",
                    "the purpose is none of those the entry lists: apply for it separately",
                )
            )
    return Line(
        chosen,
        paper,
        outdated,
        tuple(troubles),
        tuple(_hints(known, _authorisations(ledger, consumer, chosen), now)),
    )


def _hints(
    known: CatalogueFact, authorisations: Sequence[AuthorisationFact], now: int
) -> list[Words]:
    living = [each for each in authorisations if each.state not in OVER and each.valid_until > now]
    hints: list[Words] = []
    for each in living[-3:]:
        state, until = words_of(State(each.state)), day_of(each.valid_until - 1)
        chinese = f"本部门已有授权 {each.authorisation}（{state[0]}，至 {until}）"
        hints.append((chinese, f"authorisation {each.authorisation} is there: {state[1]}, {until}"))
    if known.standing and known.share_type == ShareType.UNCONDITIONAL:
        # Once at a time for each consumer: the contract, and what is prepared, say it for certain.
        hints.append(
            ("已有授权期间再次申请不自动同意，由提供部门答复", "the provider will have to reply")
            if living
            else ("提供部门已预先同意，签署后即可使用", "the provider has agreed in advance")
        )
    return hints


def _count(text: str, called: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):  # noqa: PLR2004 - of 2**32
        chinese, _, english = called.partition(" / ")
        raise InvalidInput(f"{chinese}应为整数（{text[:20]!r}）/ {english} is no number")
    return int(text)
