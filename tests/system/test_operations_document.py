"""docs/operations*.md name every setting, with its default, in both languages."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from pydantic_core import PydanticUndefined

from api.cli import INTERRUPTED, command_line, console
from api.loops import FATAL_EXIT
from api.settings import (
    AnchoringSettings,
    ConsoleSettings,
    DepartmentSettings,
    LimitSettings,
    LoggingSettings,
    MetricsSettings,
    OidcSettings,
    ReadersSettings,
    Settings,
    SourceSettings,
    StorageSettings,
    TilesSettings,
)

if TYPE_CHECKING:
    from pydantic import BaseModel

ROOT = Path(__file__).parents[2]
COMMAND_LINE = typer.main.get_command(command_line())
COMMANDS = sorted(
    {
        re.sub(r"<[^>]*>", "X", line.split("  #")[0].strip())
        for name in ("operations.md", "operations.zh-CN.md", "mapping.zh-CN.md")
        for block in re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / name).read_text(), re.DOTALL)
        for line in block.splitlines()
        if line.startswith("shareledger ")
    }
    | {
        re.sub(r" \S+\.(?:toml|json)", " FILE", row)
        for name in ("operations.md", "operations.zh-CN.md")
        for row in re.findall(r"\| `(shareledger [^`]*)`", (ROOT / "docs" / name).read_text())
    }
)
"""Every command the documents show, placeholders filled in."""
SECTIONS: dict[str, type[BaseModel]] = {
    "[[departments]]": DepartmentSettings,
    "[[departments.sources]]": SourceSettings,
    "[storage]": StorageSettings,
    "[tiles]": TilesSettings,
    "[anchoring]": AnchoringSettings,
    "[limits]": LimitSettings,
    "[logging]": LoggingSettings,
    "[metrics]": MetricsSettings,
    "[console]": ConsoleSettings,
    "[console.oidc]": OidcSettings,
    "[[console.oidc.readers]]": ReadersSettings,
}


@pytest.mark.parametrize("name", ["operations.md", "operations.zh-CN.md"])
class TestSettings:
    def test_every_one_is_described(self, name: str) -> None:
        text = self.text(name)
        rows = self.rows(text.split("| `chain_url`", 1)[1].split("`[[departments]]`", 1)[0])
        said = {"chain_url"} | {word for row in rows for word in re.findall(r"`(\w+)`", row[0])}
        assert said == set(Settings.model_fields) - {one[1:-1] for one in SECTIONS}

    @pytest.mark.parametrize("section", SECTIONS)
    def test_every_one_of_a_section_stands_with_its_default(self, name: str, section: str) -> None:
        text = self.text(name)
        rows = self.rows(re.split(r"\n`\[|\n## ", text.split(f"\n`{section}`", 1)[1])[0])
        defaults = {row[0].strip("` "): row[1].strip() for row in rows if "`" in row[0]}
        fields = SECTIONS[section].model_fields
        assert defaults.keys() == fields.keys()
        for field, shown in defaults.items():
            default = fields[field].default
            if default is PydanticUndefined:
                assert shown in {"required", "必填"}
            elif default != []:
                assert shown == str(default)

    @staticmethod
    def text(name: str) -> str:
        return (ROOT / "docs" / name).read_text(encoding="utf-8")

    @staticmethod
    def rows(text: str) -> list[list[str]]:
        lines = [line for line in text.splitlines() if line.startswith("| `")]
        return [re.split(r"(?<!\\)\|", line)[1:] for line in lines]


class TestCommands:
    @pytest.mark.parametrize("line", COMMANDS, ids=lambda line: line[:60])
    def test_are_those_of_the_command_line(self, line: str) -> None:
        words = shlex.split(line.removesuffix("..."))
        command: Any = COMMAND_LINE
        for word in words[1:]:
            commands = getattr(command, "commands", None)
            if commands is None:
                break
            assert word in commands, f"{command.name} has no {word}"
            command = commands[word]
        assert not hasattr(command, "commands")
        options = [each for each in command.params if each.param_type_name == "option"]
        given = {word for word in words if word.startswith("-")}
        assert given <= {spelling for option in options for spelling in option.opts}
        # A line that leaves nothing out gives everything the environment does not.
        if not line.endswith("..."):
            for option in options:
                assert not option.required or option.envvar or given & set(option.opts), option.name


class TestLinks:
    @pytest.mark.parametrize(
        "path",
        [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md")],
        ids=lambda path: str(path.relative_to(ROOT)),
    )
    def test_lead_to_files(self, path: Path) -> None:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (path.parent / target).exists(), target


@pytest.mark.parametrize("name", ["operations.md", "operations.zh-CN.md"])
def test_exit_codes_are_those_of_the_programs(name: str) -> None:
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    section = text.split("\n## 6. ", 1)[1].split("\n## ", 1)[0]
    told = {
        int(code): row for code, row in re.findall(r"^\| (\d+) \| (.*)$", section, re.MULTILINE)
    }
    of_commands = {code for code, row in told.items() if row.split("|")[0].strip()}
    exits = {
        value
        for key, value in vars(console).items()
        if key.startswith("EXIT_") and isinstance(value, int)
    }
    assert of_commands == {0, *exits, INTERRUPTED}
    assert told.keys() - of_commands == {FATAL_EXIT}
