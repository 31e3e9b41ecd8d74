"""Whatever is typed, a command ends with an exit code of its own and says why in one line."""

from __future__ import annotations

import getpass
import io
import sys
import time
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.cli import command_line
from tests.common.codes import department_code
from tests.common.keyfiles import write_private
from tests.common.shell import invoke

if TYPE_CHECKING:
    from collections.abc import Iterator

HEALTH = list(HealthCheck)
Words = tuple[str, ...]
SECONDS = 20.0
"""Of all examples together: what is wrong is found out at once."""
FILES = {
    "empty": b"",
    "bytes.key": b"\xff\xfe\x00\x80",
    "json.json": b'{"a":[1,null,{"b":"\\ud800"}]}',
    "deep.json": b"[" * 20_000,
    "number.json": b"1" * 6_000,
    "form.toml": '名称 = "x"\n[a]\nb = 1\n'.encode(),
    "broken.toml": b"= =",
    "table.csv": "信息资源名称,共享类型\nx,y\n".encode(),
    "book.xlsx": b"PK\x03\x04nothing",
    "key.pem": b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n",
    "deployment.json": b"{}",
}
CONFIG = """
chain_url = "http://127.0.0.1:9"
deployment = "deployment.json"
data_dir = "data"
host = "127.0.0.1"
port = 0
public_url = "http://x"
authorities = ["x"]
relay_key = "json.json"
password_file = "password"
[[departments]]
code = "{code}"
custody = "own"
department_key = "key.pem"
log_key = "key.pem"
"""
WORDS = st.sampled_from(
    [
        *FILES, ".", "missing", "node.toml", "password", "a/b", "new", "-", "--", "", "0", "-1",
        "1", str(2**64), "9" * 400, "ab" * 32, "0x" + "11" * 20, "11" * 64, department_code(1),
        "30/1", "2026-01-01", "2026-13-01", "sign", "relay", "http://127.0.0.1:9", "file:///x",
        "人员", "1/2=x", "=", "\x1b[2J", "\u202e", "\0", "\ud800", "/proc/self/mem", "/dev/null",
    ]
)  # fmt: skip


def commands(
    group: Any = None, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command with its path; the demo is a story of minutes and not among them."""
    top: Any = group or typer.main.get_command(command_line())
    for name, command in top.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        elif name != "demo":
            yield (*path, name), command


COMMANDS = dict(commands())


def arguments(path: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    """Arguments of which some are what the command wants, or look like it."""
    params = [param for param in COMMANDS[path].params if "--help" not in param.opts]
    pieces = []
    for param in params:
        if param.param_type_name == "argument":
            pieces.append(WORDS.map(lambda word: [word]))
        elif getattr(param, "is_flag", False):
            pieces.append(st.just([param.opts[0]]))
        else:
            name = param.opts[0]
            likely = {"--config": "node.toml", "--password-file": "password"}.get(name)
            word = st.just(likely) | WORDS if likely else WORDS
            pieces.append(word.map(lambda word, name=name: [name, word]))  # type: ignore[misc]
    none: st.SearchStrategy[list[str]] = st.just([])
    given_ = [none | piece | piece | piece for piece in pieces]
    stray = none | WORDS.map(lambda word: [word])
    # A chain that found nothing wrong would run for ever.
    last = [st.just(["--deployer", "nobody"])] if path == ("chain", "run") else []
    return st.tuples(*given_, stray, *last).map(lambda parts: [x for part in parts for x in part])


def nobody(_prompt: str) -> str:
    raise EOFError


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_ends_with_an_exit_code_and_a_line(path, tmp_path, monkeypatch):
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    write_private(tmp_path / "password", b"secret\n")
    (tmp_path / "node.toml").write_text(CONFIG.format(code=department_code(1)), "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setattr(getpass, "getpass", nobody)  # it would ask at the terminal of these tests
    monkeypatch.setenv("COLUMNS", "80")
    begun = time.monotonic()

    @settings(max_examples=5, deadline=None, suppress_health_check=HEALTH)
    @given(arguments(path))
    def run(words: list[str]) -> None:
        if time.monotonic() - begun > SECONDS:
            return
        done = invoke(*path, *words)
        assert done.code in {0, 1, 2, 3}, (words, done)
        assert "[internal]" not in done.errors, (words, done)
        if done.code == 1 and "--json" in words and done.output:
            orjson.loads(done.output)  # a program reads there what is wrong
        elif done.code:
            last = done.errors.strip().splitlines()[-1:]
            assert last, words
            assert last[0].startswith("["), done.errors

    run()
    assert time.monotonic() - begun < 4 * SECONDS
