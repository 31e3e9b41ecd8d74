"""What keeps a node from starting is told in one Chinese line that names the setting."""

from __future__ import annotations

import ctypes
import re
import shlex
import shutil
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.settings import load_settings
from node.errors import ConfigInvalid
from tests.common.chain import deployed_on
from tests.common.founding import TownKeys
from tests.common.nodes import write_settings
from tests.common.shell import Shell, invoke

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.chain

SECONDS = 60
DROP_FROM_BOUNDING_SET = 24
"""PR_CAPBSET_DROP of prctl(2)."""
OVERRIDES = (1, 2)
"""CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: with them root may read whatever it likes."""


def without_overrides() -> None:
    """In the child: files' modes count, for root too; others have no such rights to lose."""
    for capability in OVERRIDES:
        ctypes.CDLL(None).prctl(DROP_FROM_BOUNDING_SET, capability, 0, 0, 0)


def run(folder: Path, *before: str) -> tuple[int, str, str]:
    """Run `shareledger node run`, after the shell commands `before` in a mount space."""
    line = [sys.executable, "-m", "api.cli", "node", "run", "--config", str(folder / "node.toml")]
    if before:
        script = " && ".join([*before, f"exec {shlex.join(line)}"])
        line = ["unshare", "--mount", "sh", "-c", script]
    done = subprocess.run(  # noqa: S603 - our own command
        line, check=False, capture_output=True, text=True, timeout=SECONDS,
        preexec_fn=without_overrides,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def run_forked(folder: Path, command: str = "run") -> tuple[int, str, str]:
    """The same in a fork of a process that has imported (`zygote`): where rights are no matter."""
    done = Shell(folder).run("node", command, "--config", folder / "node.toml")
    return done.code, done.output, done.errors


def run_here(folder: Path) -> tuple[int, str, str]:
    """The same in this process: what is refused before anything runs."""
    done = invoke("node", "run", "--config", folder / "node.toml")
    return done.code, done.output, done.errors


def assert_one_line(
    ended: tuple[int, str, str], code: str, *words: str, exit_code: int = 1
) -> None:
    """One line of stderr, its code, Chinese, and what it must name."""
    returned, output, errors = ended
    assert (returned, output) == (exit_code, ""), ended
    lines = errors.splitlines()
    assert len(lines) == 1, errors
    assert lines[0].startswith(f"[{code}] "), errors
    assert re.search(r"[\u4e00-\u9fff]{4}", lines[0]), errors
    for word in words:
        assert word in lines[0], errors


@pytest.fixture(scope="module")
def made(tmp_path_factory, embedded_chain):
    """A node's files, with keys that open quickly."""
    folder: Path = tmp_path_factory.mktemp("made")
    with deployed_on(embedded_chain) as chain:
        path = write_settings(folder, chain, TownKeys(), 1)
    path.write_text(path.read_text("utf-8").replace("port = 1\n", "port = 0\n"), "utf-8")
    return folder


@pytest.fixture
def folder(tmp_path, made):
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


def change(folder: Path, pattern: str, replacement: str) -> None:
    path = folder / "node.toml"
    text, count = re.subn(pattern, replacement, path.read_text("utf-8"), count=1)
    assert count == 1, pattern
    path.write_text(text, "utf-8")


class TestSettings:
    @pytest.mark.parametrize(
        ("pattern", "replacement", "words"),
        [
            ("port = 0", 'port = "many"', ("port：应为整数",)),
            ("port = 0", "port = 70000", ("port：不得大于 65535",)),
            ("port = 0", "prot = 0", ("port：没有填写", "prot：没有这一项")),
            ('chain_url = "[^"]*"', 'chain_url = "ftp://x"', ("chain_url：应为网址",)),
            ('data_dir = "[^"]*"', 'data_dir = "a\\\\u0000b"', ("data_dir：不是文件路径",)),
            ('custody = "own"', 'custody = "mine"', ("custody：应为 'own', 'hosted' 之一",)),
            ('code = "[^"]*"', 'code = "x"', ("departments.1.code：应为 18 位",)),
            ('relay_key = "[^"]*"', 'relay_key = "none.json"', ("relay_key = ", "没有这个文件")),
            ('relay_key = "[^"]*"', 'relay_key = "."', ("relay_key = ", "不是文件")),
            ('relay_key = "[^"]*"', 'relay_key = "password"', ("relay_key = ", "口令不对")),
            ('log_key = "[^"]*"', 'log_key = "relay.key"', ("log_key = ", "密钥打不开")),
            ('deployment = "[^"]*"', 'deployment = "password"', ("deployment = ",)),
        ],
    )
    def test_that_are_wrong_are_named(self, folder, pattern, replacement, words):
        change(folder, pattern, replacement)
        code = (
            "malformed-key" if "打不开" in str(words) or "口令" in str(words) else "config-invalid"
        )
        assert_one_line(run_here(folder), code, *words)

    def test_that_are_no_toml_are_named(self, folder):
        change(folder, "port = 0", "port = ")
        assert_one_line(run(folder), "config-invalid", "node.toml", "第 6 行第 8 列", "TOML")

    def test_that_are_not_there_are_named(self, tmp_path):
        assert_one_line(run_here(tmp_path), "config-invalid", "node.toml", "没有这个文件")

    def test_that_are_no_text_are_named(self, tmp_path):
        (tmp_path / "node.toml").write_bytes(b"port = 1\nhost = '\xff'\n")
        assert_one_line(run_here(tmp_path), "config-invalid", "第 2 行不是 UTF-8")

    def test_in_the_environment_that_are_no_json_are_named(self, folder, monkeypatch):
        monkeypatch.setenv("SHARELEDGER_PEERS", "{")
        assert_one_line(run_here(folder), "config-invalid", "SHARELEDGER_PEERS 应为 JSON")


class TestTheMachine:
    def test_a_port_in_use_is_named(self, folder):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            change(folder, "port = 0", f"port = {port}")
            ended = run_forked(folder)
            assert_one_line(ended, "config-invalid", f"port = {port}", "已被占用", "ss -ltnp")

    def test_an_address_of_another_machine_is_named(self, folder):
        change(folder, 'host = "[^"]*"', 'host = "192.0.2.1"')
        assert_one_line(run_here(folder), "config-invalid", "host = 192.0.2.1", "本机没有这个地址")

    def test_a_host_that_is_none_is_named(self, folder):
        change(folder, 'host = "[^"]*"', f'host = "{"x" * 300}.invalid"')
        assert_one_line(run_here(folder), "config-invalid", "host = ")

    @pytest.mark.parametrize("place", ["password/data", "/proc/data", "/dev/null"])
    def test_an_impossible_folder_is_named(self, folder, place):
        change(folder, 'data_dir = "[^"]*"', f'data_dir = "{place}"')
        assert_one_line(
            (run_forked if place == "password/data" else run_here)(folder),
            "config-invalid",
            "data_dir = ",
            "文件夹",
        )

    def test_a_file_that_may_not_be_read_is_named(self, folder):
        (folder / "relay.key").chmod(0)
        assert_one_line(run(folder), "config-invalid", "relay_key = ", "没有权限")

    def test_a_folder_that_may_not_be_written_is_named(self, folder):
        (folder / "data").mkdir(mode=0o500)
        ended = run(folder)
        assert_one_line(ended, "unavailable", "data_dir = ", "可以读写", exit_code=2)

    def test_a_password_file_others_may_read_is_named(self, folder):
        (folder / "password").chmod(0o644)
        assert_one_line(run_here(folder), "config-invalid", "口令文件", "chmod 600")

    def test_a_file_that_is_no_database_is_named(self, folder):
        (folder / "data").mkdir(mode=0o700)
        (folder / "data" / "log.db").write_bytes(b"no database" * 1000)
        assert_one_line(run_here(folder), "config-invalid", "log.db：不是数据库")

    def test_a_chain_that_is_away_is_named(self, folder):
        change(folder, 'chain_url = "[^"]*"', 'chain_url = "http://127.0.0.1:9"')
        assert_one_line(
            run_forked(folder), "chain-unavailable", "chain_url = http://127.0.0.1:9", exit_code=2
        )

    def test_another_chain_is_named(self, folder):
        path = folder / "deployment.json"
        path.write_bytes(re.sub(rb'"chainId":\d+', b'"chainId":7', path.read_bytes()))
        assert_one_line(run_here(folder), "wrong-chain", "chain_url = ", "deployment.json")

    def test_a_driver_that_is_missing_is_named(self, folder):
        change(folder, 'url = "sqlite:[^"]*"', 'url = "oracle://reader:geheim@db/people"')
        ended = run_forked(folder)
        assert_one_line(ended, "config-invalid", "30300101/06001", "缺少数据库驱动")
        assert "geheim" not in ended[2]

    def test_a_database_that_is_away_keeps_no_node_from_starting(self, folder):
        """Its calls are refused (`source-unavailable`); `node check` names it."""
        change(folder, 'url = "sqlite:[^"]*"', f'url = "sqlite:///{folder}/none/people.db"')
        code, output, errors = run_forked(folder, "check")
        assert code == 1
        assert "项要处理" in errors
        line = next(line for line in output.splitlines() if "数据源" in line)
        assert line.startswith("✗ 数据源")
        assert "没有这个文件" in line


MOUNTS = subprocess.run(
    ["unshare", "--mount", "true"], check=False, capture_output=True  # noqa: S607
).returncode == 0  # fmt: skip


@pytest.mark.skipif(not MOUNTS, reason="mount spaces are not allowed here (unshare --mount)")
class TestTheDisk:
    @pytest.fixture
    def data(self, folder) -> Path:
        (folder / "data").mkdir(mode=0o700)
        path: Path = folder / "data"
        return path

    def test_that_is_full_is_named(self, folder, data):
        mount = f"mount -t tmpfs -o size=16k,mode=700 tmpfs {data}"
        ended = run(folder, mount, f"head -c 16384 /dev/zero > {data}/zeros; true")
        assert_one_line(ended, "unavailable", "data_dir = ", "磁盘", exit_code=2)

    @pytest.mark.parametrize("kib", [64, 160])
    def test_that_becomes_full_while_it_starts_is_named(self, folder, data, kib):
        ended = run(folder, f"mount -t tmpfs -o size={kib}k,mode=700 tmpfs {data}")
        assert_one_line(ended, ended[2][1:].partition("]")[0], "磁盘", exit_code=ended[0])
        assert ended[0] in {1, 2}

    def test_that_is_read_only_is_named(self, folder, data):
        ended = run(folder, f"mount -t tmpfs -o ro,mode=700 tmpfs {data}")
        assert ended[0] in {1, 2}
        assert_one_line(ended, ended[2][1:].partition("]")[0], "data_dir = ", exit_code=ended[0])


VALUES: list[Any] = [
    "", "x", "a\\u0000b", "http://[", "http://x:99999999", "../..", "/dev/null", "/proc/1/mem",
    "\\u202e", "x" * 5_000, 0, -1, 2**70, 1.5, True, [], {}, [1], ["a", ["b"]], {"a": {"b": 1}},
]  # fmt: skip


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {toml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return f'"{value}"'
    return str(value).lower()


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_whatever_a_settings_file_holds_the_refusal_is_ours(folder, data):
    lines = (folder / "node.toml").read_text("utf-8").splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        name = lines[at].partition(" = ")[0]
        value = data.draw(st.sampled_from(VALUES))
        lines[at] = data.draw(
            st.sampled_from([f"{name} = {toml(value)}", "", lines[at] + "#", f"[{name}]", "= ="])
        )
    path = folder / "changed.toml"
    path.write_text("\n".join(lines), "utf-8")
    refused = None
    try:
        load_settings(path)
    except ConfigInvalid as error:
        refused = error.message
    if refused is not None:
        assert re.search(r"[\u4e00-\u9fff]{2}", refused), refused
        assert "Input should" not in refused
        return
    # Opening keys and asking the chain takes seconds: a few of those that can be read.
    if data.draw(st.integers(0, 9)) == 0:
        done = invoke("node", "check", "--config", path)
        assert done.code in {0, 1}
        assert done.errors.count("\n") == done.code
        assert all(line[:1] in "✓✗全" for line in done.output.splitlines())
