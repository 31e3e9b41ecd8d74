"""docs/mapping.zh-CN.md: its mapping loads, its examples and refusals are as it says."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from node.documents.importing.filing import file_table
from node.documents.importing.mapping import Mapping, parse_mapping
from node.documents.importing.rules import Part, Rule
from node.errors import ConfigInvalid

TEXT = (Path(__file__).parents[2] / "docs" / "mapping.zh-CN.md").read_text(encoding="utf-8")
CODE = 'code = { column = "目录编号", take = "{4}-{*}" }'
ROWS = [
    [cell.strip().removeprefix("`").removesuffix("`") for cell in line.strip("|").split(" | ")]
    for line in TEXT.splitlines()
    if line.startswith("| `code = ")
]
EXAMPLES = [row for row in ROWS if len(row) == 3]
REFUSALS = [row for row in ROWS if len(row) == 2]


def block(language: str) -> str:
    """The document's block in a language: there is one of each."""
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    assert len(found) == 1
    return found[0]


def test_the_whole_example_gives_the_codes_it_says(tmp_path):
    (tmp_path / "table.csv").write_text(block("csv"), encoding="utf-8")
    filing = file_table(tmp_path / "table.csv", parse_mapping(block("toml"), "m"))
    assert filing.problems == []
    [said] = re.findall("^得到的代码：(.*)$", TEXT, re.MULTILINE)
    assert [f"`{entry.code}`" for entry in filing.entries] == said.split("、")


@pytest.mark.parametrize(("rule", "cell", "code"), EXAMPLES)
def test_every_rule_of_a_code_gives_what_it_says(tmp_path, rule, cell, code):
    heading, first, *_ = csv.reader(block("csv").splitlines())
    path = tmp_path / "table.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([heading, [cell, *first[1:]]])
    filing = file_table(path, parse_mapping(block("toml").replace(CODE, rule), "m"))
    assert [entry.code for entry in filing.entries] == [code]


@pytest.mark.parametrize(("rule", "why"), REFUSALS)
def test_every_refusal_is_said(rule, why):
    with pytest.raises(ConfigInvalid, match=re.escape(why)):
        parse_mapping(block("toml").replace(CODE, rule), "m")


def test_there_are_examples():
    assert (len(EXAMPLES), len(REFUSALS)) == (6, 5)
    assert CODE in block("toml")


def test_every_word_of_the_grammar_is_explained():
    said = set(re.findall(r"`(\w+)`", TEXT))
    words = {*Rule.model_fields, *Part.model_fields, *Mapping.model_fields} - {
        "layout", "header_rows", "entry", "constants", "items",
    }  # fmt: skip
    assert words <= said | {"text"}
    assert 'layout = "entry-rows"' in TEXT
