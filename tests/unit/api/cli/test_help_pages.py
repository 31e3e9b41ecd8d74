"""Every help page, as whoever asks for it sees it."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer

from api.cli import command_line, console
from tests.common.shell import Shell, invoke

ENGLISH = re.compile(r"\b(Usage|Options|Arguments|Commands|Show this|required|default|Error)\b")


def pages(command, path=()):
    yield path
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        yield from pages(inner, (*path, name))


WHOLE: Any = typer.main.get_command(command_line())
PAGES = list(pages(WHOLE))


@pytest.mark.parametrize("path", PAGES, ids=" ".join)
def test_a_page_is_chinese_and_whole(path):
    page = invoke(*path, "--help")
    assert page.code == 0
    assert page.output.startswith(f"用法：shareledger {' '.join(path)}".strip())
    assert "显示本页后退出" in page.output
    assert "…" not in page.output
    assert not ENGLISH.search(page.output)
    assert not re.search(r"[A-Z]{2,}", page.output.splitlines()[0])


@pytest.mark.parametrize("path", PAGES, ids=" ".join)
def test_every_option_and_argument_says_what_it_is_for(path):
    command = WHOLE
    for name in path:
        command = command.commands[name]
    assert command.help
    if not hasattr(command, "commands"):
        silent = [param.name for param in command.params if not param.help]
        assert silent == []


def test_there_are_as_many_pages_as_commands_are_documented():
    assert ("authorisation", "step") in PAGES
    assert len(PAGES) > 40


def test_a_page_is_english_when_that_is_asked_for(tmp_path):
    shell = Shell(tmp_path, {"SHARELEDGER_LANG": "en"})
    page = shell.ok("catalogue", "review", "--help").output
    assert page.startswith("Usage: shareledger catalogue review [OPTIONS] {COMPETENT}")
    assert re.search(r"^Arguments$.*^Options$", page, re.MULTILINE | re.DOTALL)
    assert not re.search(r"[\u4e00-\u9fff]", page)


def test_a_group_named_alone_shows_its_page_and_fails():
    page = invoke("catalogue")
    assert (page.code, page.errors) == (console.EXIT_REFUSED, "")
    assert "standing-reply" in page.output


def test_a_table_keeps_every_character_of_a_cell(capsys):
    console.table(("编号", "文件"), [("x" * 64, "文件" * 60)])
    assert capsys.readouterr().out.splitlines()[1].split() == ["x" * 64, "文件" * 60]
