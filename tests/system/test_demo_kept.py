"""What `demo --keep` leaves works as printed: the call at once and again after `city run`."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from tests.common.demos import is_free, running_demo

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.chain, pytest.mark.long]


def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Type a line into a shell somewhere else than where the demo ran."""
    return subprocess.run(  # noqa: S603 - a line the demo printed
        ["/bin/sh", "-c", line],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=folder,
    )


def test_the_city_runs_again_and_serves_the_call(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with running_demo(tmp_path / "demo", "--exit", "--keep", "--rows", "1000") as demo:
        demo.reaches("留下的城市：")
        assert demo.wait() == 0, demo.output
        assert demo.processes() == []
    again, call = re.findall(
        r"^  (\S.*(?:city run|application call) .*)$", demo.output, re.MULTILINE
    )
    [folder] = (tmp_path / "demo").iterdir()
    said = json.loads((folder / "call.json").read_text("utf-8"))
    assert f"授权编号 {said['authorisation']}，用途 {said['purpose']}" in demo.output
    assert folder.stat().st_mode & 0o777 == 0o700
    for name in ("key", "openingKey", "passwordFile"):
        assert (folder / said[name]).stat().st_mode & 0o777 == 0o600
        assert said[name] in demo.output
    properties = dict(
        line.split("=", 1) for line in (folder / "client.properties").read_text("utf-8").split()
    )
    main = (ROOT / "clients/java/src/main/java/shareledger/client/Main.java").read_text("utf-8")
    [names] = re.findall(r"SETTINGS = Arrays.asList\(\s*(.*?)\);", main, re.DOTALL)
    assert list(properties) == re.findall(r'"(\w+)"', names)
    assert [*properties.values()] == [
        said[each] for each in ("provider", "own", "key", "openingKey", "passwordFile", "receipts")
    ]
    assert run(call, elsewhere).returncode == 2  # nobody answers
    with running_demo(tmp_path / "demo", command=tuple(shlex.split(again))) as city:
        city.reaches("按 Ctrl-C 结束")
        # Calls are judged by a read model that has seen the chain: a moment after the start.
        done = run(f"until {call}; do [ $? = 2 ] || exit 1; sleep 0.1; done", elsewhere)
        assert done.returncode == 0, done.stderr
        assert "1 行，已核验" in done.stdout
        java = re.findall(r"^  ((?:mvn|java) .*)$", demo.output, re.MULTILINE)
        assert len(java) == 2 or "命令从略" in demo.output
        for line in java:
            done = run(line, elsewhere)
            assert done.returncode == 0, done.stderr
        city.interrupt()
        assert city.wait() in {0, 128 + signal.SIGINT}
    kept = len(list((folder / said["receipts"]).iterdir()))
    assert kept == 2 + bool(java)  # the demo's own, this, and Java's
    assert all(is_free(port) for port in city.ports)
