"""Filing a table: catalogue-version documents ready to be signed, and everything that is wrong.

The schema of the document judges each body; what it finds is said at the cell it came from. An
entry with anything wrong in any of its rows is left out whole, never filed with fewer items.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from node.errors import MalformedDocument
from node.protocol.forms import GRADES, make_document, parse, problems_of
from node.protocol.forms.codes import is_unified_code
from node.protocol.forms.words import FIELDS

from .complaints import Problem
from .doubts import ONCE, Doubt, doubts_of
from .mapping import load_mapping
from .reading import BLANK, Draft, Findings, Path_, Place, Table, read_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from node.errors import MalformedTable
    from node.protocol.forms import Document

    from .cells import Sheet
    from .mapping import Mapping
    from .rules import Rule

OPTIONAL = ("conditions", "notShared", "updateNote")
ITEM_OPTIONAL = ("length", "scale", "mask")
GAPPED = ("classification", "assessments")
"""Lists whose members stand in columns of their own, of which some may be empty."""
ONLY_FOR = {"conditions": "有条件共享", "notShared": "不予共享"}
"""Fields that one share type only has."""
FEW = 10
"""Warnings of one kind that are read, whatever the table's size."""
HELD = 2_000
"""Documents of a table that are kept as they were read: ten times as large as their bytes."""
NOBODY = "0" * 18
"""Stands for the department where a table is only checked."""
_ENGLISH = re.compile(r" / [A-Za-z].*\Z", re.DOTALL)
"""What stands in an error for those who read no Chinese."""
_PLAINER = {"缺少此项": BLANK, "不得为空": BLANK, "不得少于 1 项": BLANK, "应写明共享方式": BLANK}
"""What the schema says of a cell, for those who fill in cells."""


@dataclass(frozen=True)
class Entry:
    """One entry that can be filed."""

    code: str
    name: str
    data: bytes
    """A `catalogue-version` document."""
    sheet: str
    row: int
    """Its first row."""
    count: int
    """How many items it has."""
    held: Document | None = field(default=None, repr=False)

    @property
    def paper(self) -> Document:
        """The document read; of a large table it is read again each time it is asked for."""
        return self.held or parse(self.data)

    @property
    def body(self) -> dict[str, Any]:
        """The document's members under their JSON names."""
        body: dict[str, Any] = orjson.loads(self.data)
        return body

    @property
    def items(self) -> list[dict[str, Any]]:
        """The items, members under their JSON names."""
        items: list[dict[str, Any]] = self.body["items"]
        return items


@dataclass(frozen=True, slots=True)
class Filing:
    """What a table gave."""

    entries: list[Entry]
    """The good ones, in the table's order."""
    problems: list[Problem]
    warnings: list[Problem]
    total: int
    """How many entries the table has, good and bad."""
    codes: frozenset[str]
    """Of all of them, as far as their codes can be read."""

    @property
    def documents(self) -> list[bytes]:
        """The documents of the good entries."""
        return [entry.data for entry in self.entries]


@dataclass
class _Clerk:
    """Judges one draft after the other."""

    department: str | None
    next_version: Callable[[str], int]
    modes: Rule | None
    """How the table writes 共享方式."""
    entries: list[tuple[Draft, Entry]] = field(default_factory=list)
    provider: tuple[str, Draft] | None = None
    """The first department named, and where, if none was told."""
    told: set[str] = field(default_factory=set)
    """What was said of fields that no column holds."""
    names: dict[str, tuple[str, int]] = field(default_factory=dict)
    """What a code's department is called where it is first named, and in which row."""

    def take(self, draft: Draft) -> None:
        """Judge a draft by the schema; keep what can be filed."""
        if draft.again:
            return
        self._check_provider(draft)
        _check_share_type(draft)
        _check_levels(draft)
        code = str(draft.body.get("code", ""))
        department = self.department or (self.provider[0] if self.provider else NOBODY)
        body = _complete(draft.body, department, self.next_version(code) if code else 1)
        try:
            paper = make_document("catalogue-version", body)
        except MalformedDocument as error:
            for place, value, reason in _at_cells(draft, error):
                if not place.heading and reason in self.told:
                    continue  # no rule reads it in any row
                self.told.add(reason)
                draft.problem(place, value, self._in_its_words(place, reason))
            draft.bad = True
            return
        if not draft.bad:
            name, table = str(body["name"]), draft.table
            held = paper if len(self.entries) < HELD else None
            count = len(body["items"])
            entry = Entry(code, name, paper.data, table.name, draft.row, count, held)
            self.entries.append((draft, entry))

    def _check_provider(self, draft: Draft) -> None:
        """The provider that a table names is the department that files (条例 art. 13)."""
        code = draft.body.get("providerCode")
        if not isinstance(code, str) or not is_unified_code(code):
            return  # numbers of another system name no department of ours
        place = draft.place_of(("providerCode",))
        if self.department is not None:
            if code != self.department:
                message = f"报送部门是 {self.department}，别的部门的目录请移到另一份表"
                draft.problem(place, code, message)
            return
        if self.provider is None:
            self.provider = (code, draft)
        elif code != self.provider[0]:
            message = (
                f"与第 {self.provider[1].row} 行的提供方 {self.provider[0]} 不是同一部门："
                "一次只能报送一个部门的目录，请分开成几份表"
            )
            draft.problem(place, code, message)

    def other_name(self, draft: Draft) -> Doubt | None:
        """Doubt that a second name of the provider means the department of the one code."""
        code, name = (str(draft.body.get(each, "")) for each in ("providerCode", "provider"))
        if not name or not is_unified_code(code):
            return None
        first, row = self.names.setdefault(code, (name, draft.row))
        if name == first:
            return None
        message = (
            f"代码与第 {row} 行相同，名称却不同（那里是「{first}」）：若是别的部门的目录，"
            "请移到另一份表"
        )
        return Doubt("provider", ("provider",), name, message)

    def _in_its_words(self, place: Place, reason: str) -> str:
        """Name ways of sharing as the table's own column has them."""
        if self.modes is not None and place.heading in self.modes.headings:
            for word, modes in self.modes.values.items():
                if isinstance(modes, list) and len(modes) == 1 and modes[0] != word:
                    mode = str(modes[0])
                    reason = reason.replace(mode, f"{mode}（填「{word}」）")
        return reason


def file_table(
    path: Path,
    mapping: Mapping,
    *,
    department: str | None = None,
    next_version: Callable[[str], int] = lambda _code: 1,
    sheets: Iterable[Sheet] | None = None,
) -> Filing:
    """Turn the table at `path` into documents of the department with this code.

    Without a department the table is only checked: every provider it names must be the same.
    `next_version` says which number the next version of an entry bears, by the entry's code.
    `sheets` are what the table was read into already (`grid`); `path` then only names it.

    Raises:
        MalformedTable: the file is unreadable, or no sheet of it is a table for this mapping.
    """
    found = Findings()
    clerk = _Clerk(department, next_version, mapping.entry.get("modes"))
    total = 0
    codes: set[str] = set()
    doubts: dict[str, list[tuple[Table, Place, Doubt]]] = {}
    for draft in read_table(path, mapping, found, sheets):
        total += 1
        clerk.take(draft)
        codes.add(str(draft.body.get("code", "")))
        other = clerk.other_name(draft)
        for doubt in (*doubts_of(draft, mapping), *((other,) if other else ())):
            place = draft.place_of(doubt.path)
            doubts.setdefault(doubt.kind, []).append((draft.table, place, doubt))
        # What is kept of a draft is where it stands: its cells are in the document now.
        draft.body, draft.places = {"code": draft.body.get("code")}, {}
    if not total and not found.problems:
        message = "表头下面没有一行目录：请填好再报送"
        found.problems.append(Problem("", 0, "", "", "", message))
    _say_doubts(doubts, total)
    # A code that came again has made the entry bad that had it first.
    entries = [entry for draft, entry in clerk.entries if not draft.bad]
    return Filing(
        entries,
        _in_order(found.problems),
        _in_order(found.warnings),
        total,
        frozenset(codes - {""}),
    )


def unread(error: MalformedTable) -> Filing:
    """Return what a table gave that could not be read at all: one problem, in Chinese alone."""
    row = error.facts.get("row")
    number = row if isinstance(row, int) else 0
    message = _ENGLISH.sub("", error.message)
    cell = f"{number}:{number}" if number else ""
    return Filing([], [Problem("", number, "", cell, "", message)], [], 0, frozenset())


def _say_doubts(doubts: dict[str, list[tuple[Table, Place, Doubt]]], total: int) -> None:
    """Warn of each doubt; of one that most entries share, once, with how many they are."""
    for kind, listed in doubts.items():
        many = kind in ONCE or (len(listed) > FEW and 2 * len(listed) > total)
        for table, place, doubt in listed[:1] if many else listed:
            more = f"（共 {len(listed)} 个目录如此）" if many and len(listed) > 1 else ""
            table.warn(place, doubt.value, doubt.message + more)


def _in_order(said: list[Problem]) -> list[Problem]:
    sheets = {problem.sheet: at for at, problem in reversed(list(enumerate(said)))}
    return sorted(said, key=lambda problem: (sheets[problem.sheet], problem.row))


def _complete(body: dict[str, Any], department: str, version: int) -> dict[str, Any]:
    """Add what no table holds: who files, which version, a null for what is absent."""
    whole = {"secret": False, "relatedCodes": [], "modes": [], **dict.fromkeys(OPTIONAL), **body}
    whole |= {"department": department, "version": version}
    inherited = {"shareType": body["shareType"]} if "shareType" in body else {}
    whole["items"] = [
        {**dict.fromkeys(ITEM_OPTIONAL), **inherited, **item} for item in whole["items"]
    ]
    if whole["conditions"] is not None:
        whole["conditions"].setdefault("others", [])
    if isinstance(whole.get("opening"), dict):
        whole["opening"].setdefault("condition", None)
    for name in GAPPED:
        whole[name] = [each for each in whole.get(name, []) if each]
    for assessment in whole["assessments"]:
        assessment.setdefault("attachment", None)
    if "grade" not in whole:
        # Where an item's is missing that is said at its cell: no official fills in the entry's own.
        known = [grade for item in whole["items"] if (grade := item.get("grade")) in GRADES]
        whole["grade"] = max(known, key=GRADES.index, default=GRADES[0])
    return whole


def _check_share_type(draft: Draft) -> None:
    """Say what is filled in for another share type, cell by cell, and judge the rest without it."""
    share_type = draft.body.get("shareType")
    for name, only in ONLY_FOR.items():
        if share_type in (None, only) or name not in draft.body:
            continue
        filled = draft.body.pop(name)
        for path, place in draft.places.items():
            if path[0] == name and _at(filled, path[1:]) is not None:
                message = f"{share_type}不填这一列（只有{only}才填）：请清空"
                draft.problem(place, place.text, message)


def _check_levels(draft: Draft) -> None:
    """Refuse a level of the classification under one that is left blank: it would move up."""
    levels = draft.body.get("classification", [])
    for at, level in enumerate(levels):
        above = draft.places.get(("classification", at))
        if not level and above is not None and any(levels[at:]):
            draft.problem(above, above.text, "它的下一级填了，这一级也必须填写")


def _at(value: Any, path: Path_) -> Any:  # noqa: ANN401 - JSON values
    for part in path:
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value


def _at_cells(draft: Draft, error: MalformedDocument) -> Iterator[tuple[Place, str, str]]:
    """Say what the schema found at the cells it came from."""
    found = list(problems_of(error))
    if not found:
        yield (
            Place(draft.row, None, ""),
            "",
            f"这个目录太大，或者含有不能报送的内容（{error.message}）",
        )
    for each in found:
        reason = _PLAINER.get(each.reason, each.reason)
        if each.path == ("items",) and reason.startswith("不得多于"):
            reason = f"一个目录的信息项{reason}，请拆成几个目录"
        place = draft.place_of(_as_read(draft, each.path), reason)
        if reason == BLANK and place.text and not _has_place(draft, each.path):
            # Another field of the same part has a column, this one has none.
            place = Place(draft.row, None, "")
        elif reason == BLANK and place.text:
            reason = f"必须填写，写「{place.text[:FEW]}」等于没有填"
        if not place.heading:
            reason = f"{_called(each.path)}：{reason}（表里没有这一列，请在映射文件里写明）"
        # One piece of a cell is shown as it is, anything that was read into something else whole.
        piece = isinstance(each.value, str) and each.value in place.text
        yield place, str(each.value) if piece else place.text, reason


def _has_place(draft: Draft, path: Path_) -> bool:
    read = _as_read(draft, path)
    return any(at[: len(read)] == read for at in draft.places)


def _called(path: Path_) -> str:
    """Return what the template calls a field, or what the document does."""
    rule = load_mapping("t2").entry.get(".".join(map(str, path)))
    return rule.column if rule is not None else FIELDS.get(str(path[0]), str(path[0]))


def _as_read(draft: Draft, path: Path_) -> Path_:
    """Return where a field stood before the gaps of its list were closed."""
    if path[0] not in GAPPED or len(path) == 1:
        return path
    kept = [at for at, each in enumerate(draft.body.get(path[0], [])) if each]
    return (path[0], kept[int(path[1])], *path[2:])
