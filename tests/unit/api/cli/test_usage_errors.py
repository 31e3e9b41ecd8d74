"""What is wrong with a command line, said in Chinese on one line."""

from __future__ import annotations

import re

import pytest

from tests.common.keyfiles import write_private
from tests.common.shell import invoke

KEY = ("key", "generate")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing",), "没有命令 'nothing'"),
        (("catalogue", "nothing"), "没有命令 'nothing'"),
        (("key", "show", "sign"), "缺少参数 '文件'"),
        (("chain", "run"), "缺少选项 '--data'"),
        (("chain", "run", "--nothing"), "没有选项 --nothing"),
        (("chain", "run", "--data"), "选项 '--data' 缺少值"),
        (("chain", "run", "--data", "x", "--port", "-1"), "'--port' 不得小于 0"),
        (("chain", "run", "--data", "x", "--port", "70000"), "'--port' 不得大于 65535"),
        (("chain", "run", "--data", "x", "--port", "many"), "'--port' 应为整数"),
        (("chain", "run", "--data", "x", "more"), "多出的参数：more"),
        (("trace", "block", "9" * 30, "--config", "x"), "'区块号' 不得大于"),
        (("authorisation", "show", "9" * 30, "--config", "x"), "'授权编号' 不得大于"),
        (("node", "run"), "缺少选项 '--config' / '-c'（或环境变量 SHARELEDGER_CONFIG）"),
        (
            (*KEY, "gold", "-o", "x", "--password-file", "y"),
            "'种类' 应为 'sign', 'unwrap', 'log', 'relay' 之一（'gold'）",
        ),
    ],
)
def test_a_command_line_typer_refuses(arguments, said):
    done = invoke(*arguments)
    assert (done.code, done.output) == (1, "")
    assert done.errors.startswith("[malformed-request] 请求格式不正确：")
    assert said in done.errors
    assert done.errors.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("key", "show", "sign", "missing"), "密钥文件 missing 读不出：没有这个文件"),
        (("key", "show", "sign", "."), "是文件夹"),
        (("key", "show", "sign", "form.toml"), "form.toml 打不开"),
        (("key", "generate", "sign", "-o", "no/x"), "密钥文件 no/x 写不进"),
        (("key", "generate", "sign", "-o", "form.toml"), "密钥文件绝不覆盖"),
        (("trust", "show", "form.toml"), "信任文件不是 JSON"),
        (("catalogue", "check", "x.csv", "--mapping", "missing"), "读不出：没有这个文件"),
        (("catalogue", "check", "x.csv", "--mapping", "form.toml"), "缺少此项"),
        (("chain", "check", "--deployment", "missing", "--url", "http://x"), "missing 读不出"),
        (("chain", "run", "--data", "form.toml", "--port", "0"), "form.toml 不能用"),
    ],
)
def test_a_file_that_will_not_do(arguments, said, tmp_path, monkeypatch):
    write_private(tmp_path / "form.toml", b'a = "b"\n')
    write_private(tmp_path / "password", b"secret\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHARELEDGER_PASSWORD_FILE", "password")
    done = invoke(*arguments)
    assert (done.code, done.output) == (1, "")
    assert said in done.errors
    assert not re.search(r"Errno|Traceback|routines|error:[0-9A-F]|\b[A-Z]\w+Error\b", done.errors)
    assert done.errors.count("\n") == 1
