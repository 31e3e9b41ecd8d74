"""A mapping proposed for a table nobody has described yet, to be edited by whoever knows it.

What is guessed says so beside it. What a table does not hold and only the department can say
(duty, source system, results of reviews) is written as 待填, which nobody can file.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

from node.errors import MalformedTable
from node.protocol.forms.words import FIELDS

from .cell_values import read_flag
from .filing import file_table
from .key_columns import Column, is_row_number
from .mapping import load_mapping, parse_mapping
from .mapping_faults import PLACEHOLDER
from .reading import Findings, read_table
from .seen_columns import Match, Seen, cut, match, see_table, splits, synonyms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from .cells import Sheet
    from .mapping import Mapping as Rules

MOST_WORDS = 12
"""Different values of a column that are listed one by one."""
PREVIEWED = 3
CERTAIN = 100.0
"""Score of a heading that somebody chose."""
_CODE = re.compile(r"[0-9A-Za-z._-]{1,60}", re.ASCII)
_WHOLE_CODE = re.compile(r"[0-9A-Za-z._-]+/[0-9A-Za-z._-]+", re.ASCII)
_QUERY_ID = re.compile(r"[?&]([A-Za-z_]*id)=([0-9A-Za-z._-]+)", re.ASCII | re.IGNORECASE)
_CODE_AND_NAME = re.compile(r"(\w+)\s*[【\[（(](.+)[】\]）)]")
_COUNTED = re.compile(r".+?\s*[（(]\d+[）)]")
_NO = re.compile("否|不|^0$|^无$")
ITEM_DEFAULTS = {
    "type": "字符型C",
    "grade": "一般1级",
    "nullable": True,
    "filterable": False,
}
CONSTANTS: dict[str, tuple[Any, str]] = {
    "classification": ([PLACEHOLDER], "类、项、目、细目，至少写一级"),
    "abstract": (PLACEHOLDER, "这批目录共同的摘要"),
    "shareType": ("无条件共享", "表里没有共享类型，暂作无条件共享"),
    "format": ("电子表格", "表里没有格式，暂作电子表格"),
    "modes": (["文件下载"], "表里没有共享方式，暂作文件下载"),
    "opening": ({"open": False}, "表里没有开放属性，暂作不开放"),
    "updateCycle": ("每年", "表里没有更新周期，暂作每年"),
    "provider": (PLACEHOLDER, "提供部门的名称"),
    "providerCode": (PLACEHOLDER, "提供部门的统一社会信用代码"),
    "sourceSystem": (PLACEHOLDER, "数据来自哪个信息系统"),
    "duty": (PLACEHOLDER, "三定或法律规定的职责"),
    "personalInformation": (False, "含个人信息的要改为 true，并写个人信息保护影响评估"),
    "assessments": (
        [{"kind": "保密审查", "conclusion": PLACEHOLDER, "date": "2000-01-01"}],
        "编目前的保密审查（条例第十三条）：结论和日期",
    ),
}
"""What a table may lack: what stands for it, and what the department is told."""


@dataclass(frozen=True, slots=True)
class Key:
    """What the code of an entry is taken from."""

    rule: str
    """As it stands in the mapping."""
    heading: str
    """Empty where no column will do."""
    reason: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping with what it was made from."""

    text: str
    """TOML, with comments in Chinese."""
    layout: str
    matches: list[Match]
    key: Key
    words: dict[str, dict[str, Any]]
    """By field of a coded column: what stands there -> what it becomes."""
    missing: list[str]
    """Fields for which the table has no column, in Chinese."""
    unused: list[str]
    doubtful: list[str]
    """Headings that may mean something else than what they were taken for."""
    refused: list[str]
    """Why columns that look like codes are none."""
    preview: list[dict[str, Any]]
    """The first entries as this mapping reads them."""
    problems: int
    """How many the table has by this mapping."""


def propose(
    path: Path,
    *,
    encoding: str | None = None,
    sheet: str | None = None,
    sheets: Callable[[], Iterator[Sheet]] | None = None,
    chosen: Mapping[str, str] | None = None,
    constants: Mapping[str, Any] | None = None,
) -> Proposal:
    """Propose a mapping for the table at `path`.

    `sheets` gives what it was read into already; `path` then only names it. `chosen` says what
    heading each field is read from, in the place of a guess; `constants` what each entry says.

    Raises:
        MalformedTable: the file is unreadable, or no sheet has headings of a catalogue.
        ConfigInvalid: what was chosen makes no mapping.
    """
    given = None if sheets is None else sheets()
    seen = see_table(path, encoding=encoding, sheet=sheet, sheets=given)
    matches = {each.field: each for each in match(seen.headings)}
    if chosen is not None:
        matches = {
            field: guessed if (guessed := matches.get(field)) and guessed.heading == heading
            else Match(field, heading, CERTAIN)
            for field, heading in chosen.items()
            if heading in seen.headings
        }  # fmt: skip
    draft = _Draft(seen, matches, constants or {}, sheet)
    text = draft.write(path.name)
    mapping = parse_mapping(text, "proposal")
    filing = file_table(path, mapping, sheets=None if sheets is None else sheets())
    used = draft.used
    return Proposal(
        text=text,
        layout=draft.layout,
        matches=[each for each in draft.matches.values() if each.heading in used],
        key=draft.key,
        words=draft.words,
        missing=draft.missing,
        unused=[name for name in dict.fromkeys(seen.headings) if name and name not in used],
        doubtful=[each.heading for each in draft.matches.values() if each.is_doubtful],
        refused=draft.refused,
        preview=list(islice(_preview(path, mapping, sheets), PREVIEWED)),
        problems=len(filing.problems),
    )


def _preview(
    path: Path, mapping: Rules, sheets: Callable[[], Iterator[Sheet]] | None
) -> Iterator[dict[str, Any]]:
    """Yield the entries as they are read, whatever is still wrong with them."""
    given = None if sheets is None else sheets()
    with suppress(MalformedTable):  # it has no code yet, as the problems say
        for entry in read_table(path, mapping, Findings(), given):
            names = [str(item.get("name", "")) for item in entry.body["items"]]
            code, name = (str(entry.body.get(each, "")) for each in ("code", "name"))
            yield {"code": code, "name": name, "items": names}


class _Draft:
    """The mapping as it is being written."""

    def __init__(
        self,
        seen: Seen,
        matches: dict[str, Match],
        constants: Mapping[str, Any],
        sheet: str | None,
    ) -> None:
        self.seen, self.matches, self.given, self.sheet = seen, matches, constants, sheet
        self.words: dict[str, dict[str, Any]] = {}
        self.missing: list[str] = []
        self.refused: list[str] = []
        cuts = [cut(each) for each in seen.headings if each]
        self.brackets = any(cuts.count(cut(each.heading)) > 1 for each in matches.values())
        """Whether a heading we need differs from another in its brackets alone."""
        items = matches.get("items.name")
        self.signs = splits(seen.values(items.heading)) if items else ""
        self.layout = "entry-rows" if self.signs or not self._repeats() else "item-rows"
        self.key = self._find_key()
        self.used: set[str] = {self.key.heading} - {""}

    def write(self, name: str) -> str:
        """Return the mapping as TOML."""
        entry = [*self._entry()]
        items = [*self._items()]
        constants = [*self._constants(entry)]
        used, headings = self.used, self.seen.headings
        unread = [each for each in dict.fromkeys(headings) if each and each not in used]
        lines = [
            f"# 为 {name} 建议的映射，请逐行核对；写着“{PLACEHOLDER}”的要填好才能报送。",
            f'layout = "{self.layout}"  # '
            + ("一行一个目录" if self.layout == "entry-rows" else "一行一个信息项"),
            f"header_rows = {self.seen.header_rows}  # 表头到第几行为止",
            *([f"encoding = {_toml(self.seen.encoding)}"] if self.seen.encoding else []),
            *([f"sheet = {_toml(self.sheet)}"] if self.sheet else []),
            *(["heading_cut = []  # 表头带括号的部分也算"] if self.brackets else []),
            "# 不用的列：",
            f"unread = {_toml(list(dict.fromkeys(self._heading(each) for each in unread)))}",
            "",
            "[constants]  # 每个目录都一样的，表里没有的",
            *constants,
            "",
            "[entry]",
            *entry,
            "",
            "[items]",
            *items,
        ]
        return "\n".join(lines) + "\n"

    def _entry(self) -> list[str]:
        lines = [f"code = {self.key.rule}  # {self.key.reason}"]
        for field in synonyms()["entry"]:
            if field == "code" or field not in self.matches:
                continue
            lines += self._rule(field, self.matches[field])
        if "modes" not in self.matches and "format" in self.matches:
            lines.append(self._modes_of_format())
        return lines

    def _rule(self, field: str, found: Match) -> list[str]:
        self.used.add(found.heading)
        beside = f"  # 与表头相似 {found.score:.0f}" + ("，存疑" if found.is_doubtful else "")
        cells = [cell for cell in self.seen.values(found.heading) if cell]
        column = f"column = {_toml(self._heading(found.heading))}"
        if rules := _template_rules(field, self._heading(found.heading), cells):
            return [f"{_key(name)} = {_toml(rule)}{beside}" for name, rule in rules.items()]
        if field in synonyms()["words"]:
            wrapped: Callable[[str], Any] = (lambda word: [word]) if field == "modes" else str
            rule = self._coded(field, cells, wrapped)
            lines = [f"{field} = {{ {column}, {rule} }}{beside}"]
            if field == "updateCycle" and "updateNote" not in self.matches:
                note = {text: text if word == "其他" else "" for text, word in
                        self.words[field].items()}  # fmt: skip
                lines.append(f"updateNote = {{ {column}, values = {_toml(note)} }}")
            return lines
        if field == "provider" and "providerCode" not in self.matches:
            return self._provider(cells, column, beside)
        return self._plain_rule(field, cells, column, beside)

    def _plain_rule(self, field: str, cells: Sequence[str], column: str, beside: str) -> list[str]:
        if field in {"opening.open", "personalInformation"}:
            said = {text: _says_yes(text) for text in _distinct(cells)}
            words = {t: not _NO.search(t) if yes is None else yes for t, yes in said.items()}
            self.words[field] = words
            rule = f"values = {_toml(words)}" if None in said.values() else "flag = true"
            return [f"{_key(field)} = {{ {column}, {rule} }}{beside}"]
        rule = ""
        if field == "classification.0" and _all(cells, _COUNTED):
            rule, beside = r", pattern = '^(.+?)\s*[（(]\d+[）)]$'", f"{beside}，去掉个数"
        elif field.startswith("conditions."):
            rule = ", split = '[;；\\n]'"
        lines = [f"{_key(field)} = {{ {column}{rule} }}{beside}"]
        if field.endswith(".date"):
            lines = [f"{_key(field)} = {{ {column}, date = true }}{beside}"]
        if field.endswith(".conclusion"):
            kind = field.replace(".conclusion", ".kind")
            word = "保密审查" if ".0." in field else "个人信息保护影响评估"
            lines.append(f'{_key(kind)} = {{ {column}, matches = [[".", "{word}"]] }}')
        return lines

    def _provider(self, cells: Sequence[str], column: str, beside: str) -> list[str]:
        if _all(cells, _CODE_AND_NAME):
            name, code = r"[【\[（(](.+)[】\]）)]", r"^(\w+)"
            return [
                f"provider = {{ {column}, pattern = '{name}' }}{beside}，括号里是名称",
                f"providerCode = {{ {column}, pattern = '{code}' }}  # 括号前是代码",
            ]
        return [f"provider = {{ {column} }}{beside}"]

    def _coded(self, field: str, cells: Sequence[str], wrapped: Callable[[str], Any]) -> str:
        """Write how the values of a coded column map, and keep it for the report."""
        known = synonyms()["words"][field]
        words = {text: wrapped(_word(known, text)) for text in _distinct(cells)}
        self.words[field] = words
        default = ""
        if len(cells) < len(self.seen.rows) and self.layout == "entry-rows":
            default = f", default = {_toml(wrapped(list(known)[-1]))}"
        if len(words) <= MOST_WORDS:
            return f"values = {_toml(words)}{default}"
        pairs = [[pattern, wrapped(word)] for word, pattern in known.items()]
        return f"matches = {_toml(pairs)}{default}"

    def _modes_of_format(self) -> str:
        found = self.matches["format"]
        modes, known = synonyms()["modes_of_format"], synonyms()["words"]["format"]
        column = f"column = {_toml(self._heading(found.heading))}"
        if len(self.words["format"]) <= MOST_WORDS:
            words = {text: modes[word] for text, word in self.words["format"].items()}
            rule = f"values = {_toml(words)}"
        else:
            rule = f"matches = {_toml([[pattern, modes[w]] for w, pattern in known.items()])}"
        return f'modes = {{ {column}, {rule}, default = ["文件下载"] }}  # 表里没有，由格式推定'

    def _items(self) -> list[str]:
        lines, fields = [], ["[items.fields]"]
        found = self.matches.get("items.name")
        if self.layout == "entry-rows":
            if found is None:
                self.missing.append("信息项")
                self.used.discard("")
                name = self.matches.get("name")
                heading = self._heading(name.heading) if name else "信息项"
                lines.append(
                    f"names = {{ column = {_toml(heading)}, split = '\\n' }}"
                    "  # 表里没有信息项：请补一列，暂以名称代替"
                )
            else:
                self.used.add(found.heading)
                signs = "".join({"\n": "\\n", "\t": "\\t"}.get(s, s) for s in self.signs) or "\\n"
                lines.append(
                    f"names = {{ column = {_toml(self._heading(found.heading))}, "
                    f"split = '[{signs}]|\\\\r\\\\n' }}  # 与表头相似 {found.score:.0f}"
                )
        elif found is not None:
            fields += self._item_rule("name", found)
        for field in list(synonyms()["items"])[1:]:
            named = self.matches.get(f"items.{field}")
            if named is not None and self.layout == "item-rows":
                fields += self._item_rule(field, named)
            elif field in ITEM_DEFAULTS:
                fields.append(f"{field} = {{ default = {_toml(ITEM_DEFAULTS[field])} }}  # 请核对")
        return [*lines, "", *fields]

    def _item_rule(self, field: str, found: Match) -> list[str]:
        self.used.add(found.heading)
        column = f"column = {_toml(self._heading(found.heading))}"
        beside = f"  # 与表头相似 {found.score:.0f}" + ("，存疑" if found.is_doubtful else "")
        cells = [cell for cell in self.seen.values(found.heading) if cell]
        rule = ""
        if field in synonyms()["words"]:
            words = {text: _word(synonyms()["words"][field], text) for text in _distinct(cells)}
            self.words[f"items.{field}"] = words
            rule = f", values = {_toml(words)}"
        elif field in {"length", "scale"}:
            rule = ", whole = true"
        elif field in {"nullable", "filterable"}:
            rule = f", flag = true, default = {_toml(ITEM_DEFAULTS[field])}"
        return [f"{field} = {{ {column}{rule} }}{beside}"]

    def _constants(self, entry: Sequence[str]) -> list[str]:
        given = {line.split(" = ", 1)[0].strip('"').split(".")[0] for line in entry}
        lines = []
        for field, (value, why) in CONSTANTS.items():
            if field not in given:
                self.missing.append(FIELDS[field])
                if field == "opening" and (opened := self._opened()):
                    lines.append(f"opening = {{ open = true }}  # 「{opened}」写明开放")
                elif field in self.given:
                    lines.append(f"{field} = {_toml(self.given[field])}")
                else:
                    lines.append(f"{field} = {_toml(value)}  # {why}")
        if "name" not in given:
            self.missing.append(FIELDS["name"])
            lines.append(f"name = {_toml(PLACEHOLDER)}  # 表里找不到名称列：请在 [entry] 写明")
        return lines

    def _opened(self) -> str:
        """Return the heading of a column that calls every entry open."""
        for heading in filter(None, dict.fromkeys(self.seen.headings)):
            cells = [cell for cell in self.seen.values(heading) if cell]
            if cells and all("開放" in cell or "开放" in cell for cell in cells):
                return heading
        return ""

    def _repeats(self) -> bool:
        """Whether neighbouring rows say the same of their entry: a row an item."""
        for field in ("code", "name"):
            if found := self.matches.get(field):
                values = self.seen.values(found.heading)
                return any(a == b != "" for a, b in pairwise(values)) or (
                    "items.name" in self.matches and any(not value for value in values[1:])
                )
        return False

    def _find_key(self) -> Key:
        """Find what stays: unique, no running number, no count, fit to be a code."""
        named = self.matches.get("code")
        first = [named.heading] if named else []
        for heading in dict.fromkeys([*first, *filter(None, self.seen.headings)]):
            rows = [
                (row.number, text)
                for row, text in zip(self.seen.rows, self.seen.values(heading), strict=True)
            ]
            if self.layout == "item-rows":
                rows = [each for at, each in enumerate(rows)
                        if each[1] and (not at or each[1] != rows[at - 1][1])]  # fmt: skip
            if fault := _fault(heading, rows):
                self.refused.append(fault)
            elif is_row_number(self._heading(heading)):
                self.refused.append(f"「{heading}」是行号")
            elif rule := self._key_rule(heading, [text for _, text in rows]):
                count = len(rows)
                return Key(rule, heading, f"{count} 个值各不相同，不是行号也不是个数")
        return Key(
            '{ column = "目录代码" }', "", "表里没有可作代码的列：请先加一列固定的“目录代码”"
        )

    def _key_rule(self, heading: str, cells: Sequence[str]) -> str:
        column = f"column = {_toml(self._heading(heading))}"
        if not cells or not all(cells):
            return ""
        if len(set(cells)) == len(cells):
            if _all(cells, _WHOLE_CODE):
                return f"{{ {column} }}"
            if _all(cells, _CODE):
                return f'{{ parts = [{{ text = "ML" }}, {{ {column} }}] }}'
        found = [_QUERY_ID.search(cell) for cell in cells]
        if all(found) and len({each[2] for each in found if each}) == len(cells):
            pattern = f"[?&]{found[0][1]}=([0-9A-Za-z._-]+)" if found[0] else ""
            return f"{{ parts = [{{ text = \"ML\" }}, {{ {column}, pattern = '{pattern}' }}] }}"
        return ""

    def _heading(self, heading: str) -> str:
        return heading if self.brackets else cut(heading)


def _template_rules(field: str, heading: str, cells: Sequence[str]) -> dict[str, Any]:
    """Return our template's rules of a field where the table has the template's column."""
    template = load_mapping("t2").entry
    rule = template.get(field)
    if rule is None or rule.column != heading:
        return {}
    try:
        for cell in _distinct(cells):
            rule.read({heading: cell})
    except MalformedTable:
        return {}
    rules = {field: rule}
    if field.endswith(".conclusion"):
        kind = field.replace(".conclusion", ".kind")
        rules[kind] = template[kind]
    return {
        name: each.model_dump(mode="json", exclude_defaults=True) for name, each in rules.items()
    }


def _fault(heading: str, rows: Sequence[tuple[int, str]]) -> str:
    column = Column(heading)
    for row, text in rows:
        column.see(row, text)
    return column.fault()


def _word(known: dict[str, str], text: str) -> str:
    return next((w for w, p in known.items() if re.search(p, text)), list(known)[-1])


def _says_yes(text: str) -> bool | None:
    """Return what a flag says; None where a text is none."""
    try:
        return read_flag(text)
    except ValueError:
        return None


def _distinct(cells: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(cells))


def _all(cells: Sequence[str], pattern: re.Pattern[str]) -> bool:
    return bool(cells) and all(pattern.fullmatch(cell) for cell in cells)


def _key(field: str) -> str:
    return f'"{field}"' if "." in field else field


def _toml(value: Any) -> str:  # noqa: ANN401 - values of TOML
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_quoted(k)} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else _quoted(str(value))


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string, but for U+007F.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
