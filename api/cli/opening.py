"""What a command opens: a node's parts as its settings name them, keys of signers, their handles.

The handle of an officer is kept beside his key file: `FILE.person`, one line of 64 hex digits. It
is no secret: it stands on the chain. An officer's first key gets a random one; his later keys are
given the same, so that two keys of one person cannot submit and review.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from node.errors import AlreadyExists, ConfigInvalid, Unavailable

from .console import t

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.parts import Node
    from node.crypto import SoftwareSigner

SUFFIX = ".person"
DIGITS = 64


@contextmanager
def open_node(config: Path) -> Iterator[Node]:
    """Open the parts of a node beside the process that may be running it; close them at the end.

    Raises:
        ConfigInvalid: the settings are missing or wrong.
        Unavailable: a database of the node is missing, or was held by another process for long.
    """
    from sqlalchemy.exc import OperationalError

    from api.parts import Node
    from api.settings import load_settings

    node = Node(load_settings(config))
    try:
        yield node
    except OperationalError as error:
        raise Unavailable(
            t(
                f"本节点的数据库打不开或正忙：{error.orig}",
                f"a database of this node cannot be opened or is busy: {error.orig}",
            )
        ) from error
    finally:
        node.stop()


def load_signer(key: Path, password_file: Path) -> SoftwareSigner:
    """Load the key somebody signs with.

    Raises:
        MalformedKey: no such file, a key for something else, or another password.
        ConfigInvalid: the password file is missing or empty.
    """
    from api.settings import read_password
    from node.crypto import SoftwareSigner

    return SoftwareSigner.load(key, read_password(password_file))


def handle_of(key: Path, named: str | None, *, keep: bool) -> str:
    """Return the handle of the officer whose new key is in the file `key`.

    `named` is a handle in hex, or the file of an earlier key of his or of that key's handle;
    without it the one kept beside the key, or a new one. `keep` writes it there.

    Raises:
        ConfigInvalid: a file cannot be read or written, or holds no handle.
        AlreadyExists: another handle is kept beside the key.
    """
    from node.office.departments import new_person

    own = key.with_name(key.name + SUFFIX)
    kept = _read(own) if own.exists() else None
    wanted = kept if named is None else _named(named)
    if kept is not None and wanted != kept:
        raise AlreadyExists(f"{own} 已有另一人员标识 / holds another handle", path=str(own))
    handle = wanted or new_person()
    if keep and kept is None:
        try:
            own.write_text(handle + "\n", encoding="ascii")
        except OSError as error:
            raise ConfigInvalid(f"{own} 写不进 / cannot be written: {error.strerror}") from error
    return handle


def _named(named: str) -> str:
    if _is_handle(named):
        return named
    path = Path(named)
    return _read(path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX))


def _read(path: Path) -> str:
    try:
        handle = path.read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise ConfigInvalid(f"{path} 读不出人员标识 / cannot be read") from error
    if not _is_handle(handle):
        raise ConfigInvalid(f"{path} 不是人员标识（64 位十六进制）/ holds no handle")
    return handle


def _is_handle(text: str) -> bool:
    return len(text) == DIGITS and not set(text) - set("0123456789abcdef") and bool(int(text, 16))
