"""What is wrong with a command line, said in Chinese on one line."""

from __future__ import annotations

import pytest

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
        (
            (*KEY, "gold", "-o", "x", "--password-file", "y"),
            "'kind' 应为 'sign', 'unwrap', 'log', 'relay' 之一（'gold'）",
        ),
    ],
)
def test_a_command_line_typer_refuses(arguments, said):
    done = invoke(*arguments)
    assert (done.code, done.output) == (1, "")
    assert done.errors.startswith("[malformed-request] 请求格式不正确：")
    assert said in done.errors
    assert done.errors.count("\n") == 1
