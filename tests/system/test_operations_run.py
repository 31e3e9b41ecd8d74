"""Every command the manual shows in a block runs as it is printed, one after the other.

A person is played where the text asks for one: servers in other terminals, forms filled in, a
command given again after exit code 2. Ports alone are replaced: those printed may be taken.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook

from api.demo.claims import Ports
from tests.common import t2
from tests.common.nodes import all_follow, until
from tests.common.zygote import warmed

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.chain

DOCS = Path(__file__).parents[2] / "docs"
OTHER_TERMINAL, FILL = "另开终端", "填好"
ANSWERS = re.compile(r"在 http://|按 Ctrl-C")
PATIENCE_SECONDS = 120.0
START_SECONDS = 120.0
CHAIN, NODES = "8545", ("8601", "8602", "8603")
PORTS = (CHAIN, *NODES, "7701")
CENTRE, POLICE, EDUCATION = "11130900MB0000001M", "11130900MB0000004Y", "11130900MB00000052"


def blocks(name: str, kind: str, begin: str, end: str) -> list[list[str]]:
    """Return the lines of each block of a kind between two headings."""
    text = (DOCS / name).read_text("utf-8").split(f"\n## {begin}", 1)[1]
    found = re.findall(rf"```{kind}\n(.*?)```", re.split(rf"\n## {end}", text)[0], re.DOTALL)
    return [block.splitlines() for block in found]


def commands(name: str) -> list[str]:
    """Return what is to be typed of all blocks, without comments and words of the language."""
    lines = [line for block in blocks(name, "sh", "2", "$") for line in block]
    typed = [re.sub(r"(^|\s+)#.*$", "", line) for line in lines]
    return [re.sub(r"echo \S+ >|<[^>]*>", "X", line) for line in typed if line]


class Terminal:
    """A shell in a folder, in which somebody types what the manual says."""

    def __init__(self, folder: Path, ports: dict[str, str]) -> None:
        self.folder, self.ports = folder, ports
        self._servers = 0
        (folder / "bin").mkdir()
        (folder / "bin" / "shareledger").write_text(
            f'#!/bin/sh\nexec {shlex.join(warmed())} "$@"\n'
        )
        (folder / "bin" / "shareledger").chmod(0o700)
        environment = {**os.environ, "SHARELEDGER_LANG": "zh"}
        environment.pop("SHARELEDGER_PASSWORD_FILE", None)
        environment["XDG_CONFIG_HOME"] = str(folder / "config")
        environment["PATH"] = (
            f"{folder / 'bin'}:{Path(sys.executable).parent}:{environment['PATH']}"
        )
        self._shell = subprocess.Popen(
            ["/bin/bash"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )

    def on_free_ports(self, text: str) -> str:
        return re.sub(r"\b8\d{3}\b", lambda found: self.ports.get(found[0], found[0]), text)

    def give(self, line: str) -> tuple[int, str]:
        """Type a line; return its exit code and what was said."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(f"{line}\nprintf '\\n::%d\\n' $?\n")
        self._shell.stdin.flush()
        said: list[str] = []
        for each in iter(self._shell.stdout.readline, ""):
            if each.startswith("::"):
                return int(each[2:]), "".join(said)
            said.append(each)
        raise AssertionError(f"the shell has ended: {''.join(said)}")

    def follow(self, line: str) -> None:
        """Do what a line of the manual asks for."""
        line = self.on_free_ports(line)
        if OTHER_TERMINAL in line:
            self._start(line)
            return
        until(self._all_follow)  # what others decided: nobody types as fast as forks are
        deadline = time.monotonic() + PATIENCE_SECONDS
        code, said = self.give(line)
        # Exit code 2, as the manual says: a little later again. So for a list that is still empty.
        while code == 2 or (line.startswith("W=") and len(self.give("echo $W")[1].strip()) != 64):
            assert time.monotonic() < deadline, f"{line}: {said}"
            code, said = self.give(line)
        assert code == 0, f"{line}: {said}"
        written = re.search(r"(?:-o|>) (\S+)", line)
        if written and (FILL in line or written[1] == "city.toml"):
            self._fill(self.folder / written[1])

    def _all_follow(self) -> bool:
        url = "http://127.0.0.1:{}"
        nodes = [url.format(self.ports[port]) for port in NODES]
        return all_follow(url.format(self.ports[CHAIN]), nodes)

    def _start(self, line: str) -> None:
        self._servers += 1
        log = self.folder / f"terminal-{self._servers}.log"
        self.give(f"(exec {line.partition('#')[0]}) > {log} 2>&1 &")
        until(lambda: log.exists() and ANSWERS.search(log.read_text("utf-8")), START_SECONDS)

    def _fill(self, path: Path) -> None:
        """Fill a file in as its reader would."""
        if path.suffix == ".xlsx":
            fill_workbook(path)
            return
        text = path.read_text("utf-8")
        for member, value in FORMS.get(path.name, {}).items():
            text, count = re.subn(rf"(?m)^{member} = \S+", f"{member} = {value}", text, count=1)
            assert count == 1, member
        path.write_text(self.on_free_ports(text), "utf-8")

    def close(self) -> None:
        """End the servers, the last first, then the shell."""
        self.give("for job in $(jobs -p | tac); do kill $job; wait $job; done")
        self._shell.communicate("exit\n", timeout=60)


ENROLMENT = {
    "centre-form.toml": {
        "code": f'"{CENTRE}"',
        "name": '"沧州市数据局"',
        "mayEnrol": "true",
        "url": '"http://127.0.0.1:8601"',
    },
    "police-form.toml": {"url": '"http://127.0.0.1:8602"'},
}
FORMS = {
    **ENROLMENT,
    "application.toml": {
        "validFrom": "2020-01-01",
        "validUntil": "2099-12-31",
        "code": '"30300101/06001"',
    },
}
"""By file: what is written into it."""


def fill_workbook(path: Path) -> None:
    book = load_workbook(path)
    sheet = book.worksheets[0]
    headings = [str(cell.value).partition("（")[0] for cell in sheet[2]]
    row = {**t2.ROW, "资源提供方代码": POLICE, "使用用途": "RXHY 入学资格核验"}
    for each in (row, t2.SECOND_ITEM):
        sheet.append([each.get(heading, "") for heading in headings])
    book.save(path)


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, str]]:
    claims = Ports()
    yield {port: str(claims.choose(int(port) + 10_000)) for port in PORTS}
    claims.close()


@contextmanager
def terminal(folder: Path, ports: dict[str, str]) -> Iterator[Terminal]:
    opened = Terminal(folder, ports)
    try:
        yield opened
    finally:
        opened.close()


def test_a_city_is_made_run_and_used_as_printed(tmp_path, ports):
    with terminal(tmp_path, ports) as shell:
        for block in blocks("operations.zh-CN.md", "sh", "2", "附录一"):
            for line in block:
                # A call's evidence: no call is made here, test_cli_thread exports and verifies it.
                if "evidence.json" not in line:
                    shell.follow(line)


@pytest.mark.long  # test_cli_thread takes the same steps in every run
def test_a_city_is_made_by_single_commands_as_printed(tmp_path, ports):
    keys, rest = blocks("operations.zh-CN.md", "sh", "附录一", "附录二")
    (settings,) = blocks("operations.zh-CN.md", "toml", "附录一", "附录二")
    with terminal(tmp_path, ports) as shell:
        for line in keys:
            shell.follow(line)
        text = shell.on_free_ports("\n".join(settings))
        (tmp_path / "centre.toml").write_text(text, "utf-8")
        for line in rest:
            shell.follow(line)
        code, said = shell.give("shareledger department list --config police.toml")
        assert code == 0
        assert CENTRE in said


def test_both_languages_print_the_same_commands():
    assert commands("operations.md") == commands("operations.zh-CN.md")
