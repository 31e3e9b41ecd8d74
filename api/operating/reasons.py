"""The system's own errors in words: what is wrong, with which setting, and what to do.

Nothing foreign leaves a start or a command: files, sockets, databases and the settings' validation
fail with errors of their own kinds, in English and without a setting's name. Here they become one
line of ours, Chinese first.
"""

from __future__ import annotations

import errno
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from node.errors import (
    AlreadyExists,
    ConfigInvalid,
    Fatal,
    InvalidInput,
    LedgerError,
    Unavailable,
    reason,
)
from node.protocol.forms.fields import SAID_OF

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy.exc import SQLAlchemyError

PRIVILEGED_PORTS = 1024
BACKLOG = 2048
_STORAGE: tuple[tuple[str, type[LedgerError], str], ...] = (
    ("full", Unavailable, "磁盘已满：请腾出空间后再启动"),
    ("disk i/o", Unavailable, "磁盘读写出错：请检查磁盘和剩余空间"),
    ("readonly", ConfigInvalid, "磁盘或文件只读：请改用可写的文件夹"),
    ("unable to open", Unavailable, "数据库打不开：请核对该文件夹存在，且运行本命令的用户可以读写"),
    ("locked", Unavailable, "数据库正被别的程序占用，请稍后再试"),
    ("not a database", ConfigInvalid, "其中有文件不是数据库：请从备份恢复"),
    ("malformed", ConfigInvalid, "其中有数据库已损坏：请从备份恢复"),
)
"""What SQLite says (a piece of it, lower case), the error it becomes, and what to do."""


def os_error(error: OSError, name: str = "", value: object = "") -> LedgerError:
    """Return what to raise for an error of the system's about `name`, a setting or an option."""
    place = f"{name} = {value}：" if name else ""
    file = "" if error.filename is None or str(error.filename) == str(value) else error.filename
    text = f"{place}{file}{'：' if file else ''}{reason(error)} / {error.strerror or error}"
    return (ConfigInvalid if name else InvalidInput)(text)


def storage_error(error: SQLAlchemyError, data_dir: Path) -> LedgerError:
    """Return what to raise for a database of this node that fails."""
    original = getattr(error, "orig", None) or error
    said = str(original).splitlines()[0]
    if type(original).__module__.startswith("psycopg"):
        return Unavailable(f"[storage] url：数据库出错或已断开，请查服务器的日志 / {said}")
    kind, text = next(
        ((kind, text) for piece, kind, text in _STORAGE if piece in said.lower()),
        (Unavailable, "数据库打不开或正忙"),
    )
    return kind(f"data_dir = {data_dir}：{text} / {said}", path=str(data_dir))


@contextmanager
def storing(data_dir: Path) -> Iterator[None]:
    """Turn what the node's databases and files raise into errors of ours that name the setting."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except SQLAlchemyError as error:
        raise storage_error(error, data_dir) from error
    except OSError as error:
        raise os_error(error, "data_dir", data_dir) from error


@contextmanager
def naming(setting: str, value: object, advice: str) -> Iterator[None]:
    """Put a setting's name and what to do before whatever is wrong with what it names.

    Raises:
        LedgerError: of the same kind as what was raised within.
    """
    try:
        yield
    except (InvalidInput, Fatal, AlreadyExists, Unavailable) as error:
        raise type(error)(f"{setting} = {value}：{advice} / {error.message}", **error.facts) from (
            error
        )


def listen(host: str, port: int, *, names: tuple[str, str] = ("host", "port")) -> socket.socket:
    """Open the socket to listen on; `names` are those of the settings or options.

    Raises:
        ConfigInvalid: the port is in use or not allowed, or the address is none of this machine's.
    """
    try:
        return socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        raise _no_listener(error, (host, port), names) from error
    except (UnicodeError, ValueError, OverflowError) as error:
        raise ConfigInvalid(f"{names[0]} = {host}：不是地址 / no address: {error}") from error


def _no_listener(error: OSError, at: tuple[str, int], names: tuple[str, str]) -> ConfigInvalid:
    host, port = at
    if error.errno == errno.EADDRINUSE:
        return ConfigInvalid(
            f"{names[1]} = {port}：端口已被占用，请停掉占用它的程序（ss -ltnp 可查）或换一个端口 / "
            "the port is in use",
            port=port,
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        below = f"{PRIVILEGED_PORTS} 以下的端口要有授权，" if port < PRIVILEGED_PORTS else ""
        return ConfigInvalid(
            f"{names[1]} = {port}：没有权限监听，{below}请换一个端口 / not permitted", port=port
        )
    return ConfigInvalid(
        f"{names[0]} = {host}：本机没有这个地址，请写本机的地址或 127.0.0.1 / "
        f"{error.strerror or error}",
        host=host,
    )


_INVALID = {
    "missing": "没有填写",
    "extra_forbidden": "没有这一项，请核对拼写",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "finite_number": "应为有限的数字",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "string_type": "应为文字（加引号）",
    "list_type": "应为列表",
    "dict_type": "应为一张表",
    "model_type": "应为一节（[名称]）",
    "model_attributes_type": "应为一节（[名称]）",
    "path_type": "应为文件路径",
    "greater_than_equal": "不得小于 {ge}",
    "greater_than": "应大于 {gt}",
    "less_than_equal": "不得大于 {le}",
    "less_than": "应小于 {lt}",
    "too_short": "至少要有 {min_length} 项",
    "invalid_key": "名称应为文字",
}
"""By pydantic's type of error; the words in braces are its context."""
_FORMS = {
    "code": "应为 18 位统一社会信用代码（数字和大写字母）",
    "peers": '应为部门代码 = 网址，如 11130900MB0000001M = "http://127.0.0.1:8601"',
    "authorities": "应为 主机名:端口，如 127.0.0.1:8601",
}
"""What a text should look like, by the setting: no pattern is ever shown."""


def counted(path: Iterable[str | int]) -> list[str]:
    """Name a place in a settings file as people count, from one: `departments.2.code`."""
    return [str(part + 1 if isinstance(part, int) else part) for part in path]


def invalid_setting(
    found: Mapping[str, Any], called: Callable[..., str] = lambda *place: ".".join(place)
) -> str:
    """Say one finding of pydantic's about a settings file: where, and what to write instead."""
    place = counted(part for part in found["loc"] if part != "[key]")
    name = called(*place) if place else "配置"
    kind = found["type"]
    if kind == "value_error":
        return f"{name}：{found['ctx']['error']}"
    if kind in {"string_pattern_mismatch", "string_too_short"}:
        known = SAID_OF.get(found["ctx"].get("pattern", ""), "格式不对")
        form = next((text for part, text in _FORMS.items() if part in place), known)
        return f"{name}：{form}"
    if kind == "literal_error":
        return f"{name}：应为 {found['ctx']['expected'].replace(' or ', ', ')} 之一"
    said = _INVALID.get(kind)
    if said is None:
        return f"{name}：{found['msg']}"
    return f"{name}：{said.format(**found.get('ctx', {}))}"
