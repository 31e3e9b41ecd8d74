"""The system's own errors in words: what is wrong, with which setting, and what to do.

Nothing foreign leaves a start or a command: files, sockets, databases and the settings' validation
fail with errors of their own kinds, in English and without a setting's name. Here they become one
line of ours, Chinese first.
"""

from __future__ import annotations

import errno
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from node.errors import (
    AlreadyExists,
    ConfigInvalid,
    Fatal,
    InvalidInput,
    LedgerError,
    Unavailable,
    reason,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
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
