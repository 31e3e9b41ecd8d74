"""Commands that need no chain, database or server load no library for them: they answer at once."""

import json
import subprocess
import sys

import pytest

from node.crypto import SoftwareSigner

SLOW = {"web3", "solcx", "sqlmodel", "sqlalchemy", "fastapi"}
THIN = SLOW | {"httpx", "starlette", "uvicorn", "rich", "tenacity", "node.office"}
"""What a command with `--node` does without: it must have started in half a second."""
CODE = """
import json, sys
from contextlib import suppress
from api.cli import main
with suppress(SystemExit):
    main(sys.argv[1:])
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["verify", "nothing.json", "--trust", "nothing.json"],
        ["catalogue", "check", "nothing.xlsx"],
        ["key", "generate", "sign", "-o", "sign.key", "--password-file", "password"],
        ["key", "generate", "relay", "-o", "relay.key", "--password-file", "password"],
    ],
    ids=lambda arguments: " ".join(arguments[:3]),
)
def test_nothing_slow_is_loaded(tmp_path, arguments):
    (tmp_path / "password").write_text("a password of some length\n", encoding="utf-8")
    (tmp_path / "password").chmod(0o600)
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", CODE, *arguments],
        cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert not loaded & SLOW
    assert ("eth_account" in loaded) == ("relay" in arguments)
    assert [file.name for file in tmp_path.glob("*.key")] == [
        word for word in arguments if word.endswith(".key")
    ]


def test_a_command_over_http_loads_neither_server_nor_database(tmp_path):
    (tmp_path / "password").write_text("a password of some length\n", encoding="utf-8")
    (tmp_path / "password").chmod(0o600)
    SoftwareSigner.generate().save(tmp_path / "key", b"a password of some length")
    words = "authorisation step 1 suspend --reason x --node http://127.0.0.1:1 --key key"
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", CODE, *words.split(), "--password-file", "password"],
        cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stderr.startswith("[peer-unavailable]"), done.stderr
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert not loaded & THIN
    assert "node.client.officehttp" in loaded
