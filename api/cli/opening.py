"""What a command opens: a node's parts as its settings name them, files, keys, officers' handles.

The handle of an officer is kept beside his key file: `FILE.person`, one line of 64 hex digits. It
is no secret: it stands on the chain. An officer's first key gets a random one; his later keys are
given the same, so that two keys of one person cannot submit and review.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from node.errors import (
    AlreadyExists,
    ConfigInvalid,
    LedgerError,
    reason,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.parts import Node
    from node.crypto import Sm2PublicKey, SoftwareSigner

SUFFIX = ".person"


@contextmanager
def open_node(config: Path, *, looking: bool = False) -> Iterator[Node]:
    """Open the parts of a node beside the process that may be running it; close them at the end.

    `looking`: what is kept is read as it lies there, and not brought to its newest revision.

    Raises:
        ConfigInvalid: the settings are missing or wrong.
        Unavailable: a database of the node is missing, or was held by another process for long.
    """
    from api.parts import Node
    from api.settings import load_settings

    settings = load_settings(config)
    node = Node(settings)
    node.is_looking = looking
    try:
        with naming_storage(settings.data_dir):
            yield node
    finally:
        node.stop()


@contextmanager
def naming_storage(folder: Path) -> Iterator[None]:
    """Say of a database in a node's folder why it could not be used.

    Raises:
        Unavailable: it is missing, damaged, or was held by another process for long.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from api.operating.reasons import storage_error

    try:
        yield
    except SQLAlchemyError as error:
        raise storage_error(error, folder) from error


def load_signer(key: Path, password_file: Path) -> SoftwareSigner:
    """Load the key somebody signs with.

    Raises:
        MalformedKey: no such file, a key for something else, or another password.
        ConfigInvalid: the password file is missing or empty.
    """
    from node.crypto import SoftwareSigner
    from node.crypto.passwords import read_password

    return SoftwareSigner.load(key, read_password(password_file))


def load_new_key(key: Path, password_file: Path) -> tuple[Sm2PublicKey, SoftwareSigner | None]:
    """Load a key that is to be registered; None for its private half where the file has none.

    Raises:
        MalformedKey, ConfigInvalid: as `load_signer`.
    """
    from node.crypto.keyfile import load_public_file
    from node.crypto.privatekey import find_public_key

    public = find_public_key(load_public_file(key))
    if public is not None:
        return public, None
    signer = load_signer(key, password_file)
    return signer.public_key, signer


def read_file(path: Path, limit: int, wrong: type[LedgerError]) -> bytes:
    """Read a file, and one byte beyond `limit` at most: whoever made it may mean harm.

    Raises:
        LedgerError: a `wrong` one; it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        raise wrong(f"{path} 读不出：{reason(error)} / cannot be read") from error


@contextmanager
def new_file(path: Path, encoding: str = "utf-8") -> Iterator[TextIO]:
    """Open a text file for writing that was not there before.

    Raises:
        AlreadyExists: it was; nothing is ever overwritten.
        ConfigInvalid: it cannot be written.
    """
    try:
        with path.open("x", encoding=encoding, newline="") as file:
            yield file
    except FileExistsError as error:
        raise AlreadyExists(f"{path} 已存在 / exists", path=str(path)) from error
    except OSError as error:
        raise ConfigInvalid(f"{path} 写不进：{reason(error)} / cannot be written") from error


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
        # Before the decision: if we die after it, the next command must not draw another handle.
        with new_file(own, "ascii") as file:
            file.write(handle + "\n")
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
    return re.fullmatch("[0-9a-f]{64}", text) is not None and int(text, 16) > 0
