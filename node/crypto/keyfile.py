"""Key files: written once, whole, readable by their owner only.

The file appears under its name only when all of it is on disk; a crash before that leaves
nothing but a temporary file beside it. An existing file is never replaced.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import AlreadyExists, ConfigInvalid, MalformedKey

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST = 16_384


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
        raise AlreadyExists(f"{path} exists; a key file is never overwritten") from error
    except OSError as error:
        raise ConfigInvalid(f"cannot write the key file {path}: {error.strerror}") from error
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def load_key_file(path: Path, purpose: str) -> bytes:
    """Read a key file, refusing one that says it serves another purpose.

    Raises:
        MalformedKey: no such file, too large, or for another purpose.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise MalformedKey(f"cannot read the key file {path}: {error.strerror}") from error
    if len(content) > _LARGEST:
        raise MalformedKey(f"{path} is too large for a key file")
    head = content.partition(b"-----BEGIN ")[0]
    if head.strip() and head != label(purpose):
        raise MalformedKey(f"{path} is not a key for {purpose}")
    return content


def check_password(password: bytes) -> None:
    """Refuse an empty password: the file would only look protected.

    Raises:
        MalformedKey: it is empty.
    """
    if not password:
        raise MalformedKey("a key file needs a password")


def label(purpose: str) -> bytes:
    """Return the line before the PEM (RFC 7468 section 5.2 lets readers skip it)."""
    return f"Purpose: {purpose}\n".encode("ascii")


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
