"""Key files: encrypted, written once, whole, readable by their owner only.

The file appears under its name only when all of it is on disk; a crash before that leaves
nothing but a temporary file beside it. An existing file is never replaced.

Encrypted PKCS#8 (RFC 5958, PBES2 of RFC 8018) is made here for keys libcrypto does not keep for us,
Ed25519's and the gmssl backend's: AES-256-CBC under PBKDF2-HMAC-SHA256, the form OpenSSL writes and
reads. `cryptography` writes such files too, but with few iterations.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.padding import PKCS7

from ..errors import AlreadyExists, ConfigInvalid, MalformedKey
from .der import (
    INTEGER,
    OCTETS,
    SEQUENCE,
    Reader,
    wrap_integer,
    wrap_tlv,
)

if TYPE_CHECKING:
    from pathlib import Path

PBKDF2_ITERATIONS = 600_000

_LARGEST = 16_384
_MOST_ITERATIONS = 10_000_000
_OBJECT = 0x06
_NULL = 0x05
_PBES2 = bytes.fromhex("2a864886f70d01050d")
_PBKDF2 = bytes.fromhex("2a864886f70d01050c")
_HMAC_SHA256 = bytes.fromhex("2a864886f70d0209")
_AES_256_CBC = bytes.fromhex("60864801650304012a")
_BEGIN = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
_END = b"-----END ENCRYPTED PRIVATE KEY-----\n"
_KEY_SIZE = 32
_BLOCK_SIZE = 16


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


def seal_pkcs8(private_key_info: bytes, password: bytes) -> bytes:
    """Encrypt an unencrypted PKCS#8 DER; return PEM."""
    salt, iv = secrets.token_bytes(16), secrets.token_bytes(_BLOCK_SIZE)
    padder = PKCS7(8 * _BLOCK_SIZE).padder()
    padded = padder.update(private_key_info) + padder.finalize()
    cipher = Cipher(AES(_derive(password, salt, PBKDF2_ITERATIONS)), CBC(iv)).encryptor()
    sealed = cipher.update(padded) + cipher.finalize()
    prf = wrap_tlv(SEQUENCE, wrap_tlv(_OBJECT, _HMAC_SHA256) + wrap_tlv(_NULL, b""))
    parameters = wrap_tlv(SEQUENCE, wrap_tlv(OCTETS, salt) + wrap_integer(PBKDF2_ITERATIONS) + prf)
    derivation = wrap_tlv(SEQUENCE, wrap_tlv(_OBJECT, _PBKDF2) + parameters)
    scheme = wrap_tlv(SEQUENCE, wrap_tlv(_OBJECT, _AES_256_CBC) + wrap_tlv(OCTETS, iv))
    algorithm = wrap_tlv(
        SEQUENCE, wrap_tlv(_OBJECT, _PBES2) + wrap_tlv(SEQUENCE, derivation + scheme)
    )
    der = wrap_tlv(SEQUENCE, algorithm + wrap_tlv(OCTETS, sealed))
    text = base64.b64encode(der)
    lines = [text[start : start + 64] + b"\n" for start in range(0, len(text), 64)]
    return _BEGIN + b"".join(lines) + _END


def open_pkcs8(pem: bytes, password: bytes) -> bytes:
    """Decrypt a PEM of `seal_pkcs8` or of OpenSSL with the same ciphers; return PKCS#8 DER.

    Raises:
        MalformedKey: another form, or the wrong password.
    """
    salt, iterations, iv, sealed = _parse(_body(pem))
    if not 0 < iterations <= _MOST_ITERATIONS or len(iv) != _BLOCK_SIZE:
        raise MalformedKey("the key file's parameters are out of range")
    if not sealed or len(sealed) % _BLOCK_SIZE:
        raise MalformedKey("the key file is cut short")
    cipher = Cipher(AES(_derive(password, salt, iterations)), CBC(iv)).decryptor()
    unpadder = PKCS7(8 * _BLOCK_SIZE).unpadder()
    try:
        return unpadder.update(cipher.update(sealed) + cipher.finalize()) + unpadder.finalize()
    except ValueError:
        # Not chained: the padding error would say nothing, and a traceback shows arguments.
        raise MalformedKey("口令不对 / wrong password") from None


def _derive(password: bytes, salt: bytes, iterations: int) -> bytes:
    return PBKDF2HMAC(SHA256(), _KEY_SIZE, salt, iterations).derive(password)


def _body(pem: bytes) -> bytes:
    _, begin, rest = pem.partition(_BEGIN)
    text, end, _ = rest.partition(_END)
    if not begin or not end:
        raise MalformedKey("the file holds no encrypted PKCS#8 key")
    try:
        return base64.b64decode(text.replace(b"\n", b""), validate=True)
    except binascii.Error as error:
        raise MalformedKey("the key file is not base64") from error


def _parse(der: bytes) -> tuple[bytes, int, bytes, bytes]:
    """Return (salt, iterations, iv, ciphertext)."""
    top = _inside(Reader(der, MalformedKey))
    algorithm = _inside(top)
    sealed = top.read(OCTETS)
    _expect(algorithm, _PBES2)
    schemes = _inside(algorithm)
    derivation, cipher = _inside(schemes), _inside(schemes)
    _expect(derivation, _PBKDF2)
    parameters = _inside(derivation)
    salt, iterations = parameters.read(OCTETS), parameters.read_integer()
    if parameters.data[parameters.position : parameters.position + 1] == bytes((INTEGER,)):
        parameters.read_integer()  # the key length, which the cipher fixes anyway
    _expect(_inside(parameters), _HMAC_SHA256)
    _expect(cipher, _AES_256_CBC)
    return salt, iterations, cipher.read(OCTETS), sealed


def _inside(reader: Reader) -> Reader:
    return Reader(reader.read(SEQUENCE), MalformedKey)


def _expect(reader: Reader, identifier: bytes) -> None:
    if reader.read(_OBJECT) != identifier:
        raise MalformedKey("the key file uses a cipher we do not read")
