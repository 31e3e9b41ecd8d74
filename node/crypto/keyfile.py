"""Key files: encrypted, written once, whole, readable by their owner only.

The file appears under its name only when all of it is on disk; a crash before that leaves
nothing but a temporary file beside it. An existing file is never replaced.
What is inside: `pbes2` how it is encrypted, `privatekey` which key.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import AlreadyExists, ConfigInvalid, MalformedKey, reason

if TYPE_CHECKING:
    from pathlib import Path

_LABEL = b"Purpose: "
_LARGEST = 16_384
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def save_key_file(path: Path, content: bytes) -> None:
    """Create `path` with mode 0600.

    Raises:
        AlreadyExists: there is such a file.
        ConfigInvalid: the folder is missing or not writable.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write(temporary, content)
        # link, unlike rename, fails when the name is taken: two writers cannot both win.
        os.link(temporary, path)
        _sync_directory(path.parent)
    except FileExistsError as error:
        said = f"{path} 已存在，密钥文件绝不覆盖 / exists; a key file is never overwritten"
        raise AlreadyExists(said) from error
    except OSError as error:
        raise ConfigInvalid(f"密钥文件 {path} 写不进：{reason(error)} / cannot write") from error
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def load_key_file(path: Path, purpose: str) -> bytes:
    """Read the file of a private key, refusing one that says it serves another purpose.

    Raises:
        MalformedKey: no such file, too large, for another purpose, or others may open it.
    """
    content, mode = _read(path)
    if mode & _OTHERS:
        raise MalformedKey(
            f"密钥文件 {path} 他人可读，请先 chmod 600 / others can read it: chmod 600 {path}",
            path=str(path),
        )
    head = content.partition(b"-----BEGIN ")[0]
    if head.startswith(_LABEL) and head != label(purpose):
        raise MalformedKey(f"{path} 不是这种密钥 / is not a key for {purpose}")
    return content


def load_public_file(path: Path) -> bytes:
    """Read a file that holds no secret: a public key, a signature.

    Raises:
        MalformedKey: no such file, or too large.
    """
    return _read(path)[0]


def check_password(password: bytes) -> None:
    """Refuse an empty password: the file would only look protected.

    Raises:
        MalformedKey: it is empty.
    """
    if not password:
        raise MalformedKey("a key file needs a password")


def label(purpose: str) -> bytes:
    """Return the line before the PEM (RFC 7468 section 5.2 lets readers skip it)."""
    return _LABEL + f"{purpose}\n".encode("ascii")


def _read(path: Path) -> tuple[bytes, int]:
    """Return a file's bytes and its mode."""
    try:
        with path.open("rb") as file:
            content, mode = file.read(_LARGEST + 1), os.fstat(file.fileno()).st_mode
    except OSError as error:
        raise MalformedKey(f"密钥文件 {path} 读不出：{reason(error)} / cannot read") from error
    if len(content) > _LARGEST:
        raise MalformedKey(f"{path} 太大，不是密钥文件 / too large for a key file")
    return content, mode


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    """Make the new name durable, too."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
