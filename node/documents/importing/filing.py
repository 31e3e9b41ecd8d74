"""Filing a table: catalogue-version documents ready to be signed, or everything that is wrong.

The schema of the document judges each body; what it finds is said at the cell it came from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from node.errors import MalformedDocument
from node.protocol.forms import GRADES, new_document, problems_of

from .complaints import Problem
from .reading import Draft, Path_, read_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .mapping import Mapping

OPTIONAL = ("conditions", "notShared", "updateNote")
ITEM_OPTIONAL = ("length", "scale", "mask")


@dataclass(frozen=True, slots=True)
class Filing:
    """What a table gave."""

    documents: list[bytes]
    """One `catalogue-version` document an entry, in the table's order."""
    problems: list[Problem]
    entries: int
    """How many entries the table has, good and bad."""


def file_table(
    path: Path, mapping: Mapping, *, department: str, next_version: Callable[[str], int]
) -> Filing:
    """Turn the table at `path` into documents of the department with this code.

    `next_version` says which number the next version of an entry bears, by the entry's code.

    Raises:
        MalformedTable: the file is unreadable or its headings are missing.
    """
    reading = read_table(path, mapping)
    documents: list[bytes] = []
    problems = list(reading.problems)
    seen: dict[str, int] = {}
    for draft in reading.drafts:
        code = str(draft.body.get("code", ""))
        if code in seen:
            row, heading = draft.place_of(("code",))
            problems.append(Problem(row, heading, code, f"与第 {seen[code]} 行的代码重复"))
            continue
        seen[code] = draft.row
        body = _complete(draft.body, department, next_version(code) if code else 1)
        try:
            documents.append(new_document("catalogue-version", body))
        except MalformedDocument as error:
            problems.extend(_at_cells(draft, error))
    problems.sort(key=lambda problem: (problem.row, problem.column))
    bad = {problem.row for problem in problems}
    return Filing(documents, problems, len(documents) + len(bad))


def _complete(body: dict[str, Any], department: str, version: int) -> dict[str, Any]:
    """Add what no table holds: who files, which version, a null for what is absent."""
    whole = {"secret": False, "relatedCodes": [], **dict.fromkeys(OPTIONAL), **body}
    whole |= {"department": department, "version": version}
    whole["items"] = [{**dict.fromkeys(ITEM_OPTIONAL), **item} for item in whole["items"]]
    if whole["conditions"] is not None:
        whole["conditions"].setdefault("others", [])
    if isinstance(whole.get("opening"), dict):
        whole["opening"].setdefault("condition", None)
    for name in ("classification", "assessments"):
        whole[name] = [each for each in whole.get(name, []) if each]
    for assessment in whole["assessments"]:
        assessment.setdefault("attachment", None)
    grades = [item.get("grade") for item in whole["items"]]
    if "grade" not in whole and all(grade in GRADES for grade in grades):
        # Without items nothing but that is wrong: no officer fills in the entry's own grade.
        whole["grade"] = max(grades, key=GRADES.index, default=GRADES[0])
    return whole


def _at_cells(draft: Draft, error: MalformedDocument) -> list[Problem]:
    """Say what the schema found at the cells it came from."""
    found = list(problems_of(error))
    if not found:
        return [Problem(draft.row, "", "", error.message)]
    return [_at_cell(draft, each.path, each.reason, each.value) for each in found]


def _at_cell(draft: Draft, path: Path_, reason: str, value: object) -> Problem:
    row, heading = draft.place_of(path)
    field = "" if heading else ".".join(str(part) for part in path)
    shown = "" if value is None or isinstance(value, dict | list) else str(value)
    return Problem(row, heading or field, shown, reason)
