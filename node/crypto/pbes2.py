"""Encrypted PKCS#8 (RFC 5958, PBES2 of RFC 8018): one form written, those of other makers read.

Written: PBKDF2-HMAC-SHA256 with 600,000 iterations and AES-256-CBC, which every library reads.
Read: PBKDF2 under any of `_HASHES` (GmSSL: SM3) and scrypt (RFC 7914), with AES-CBC or SM4-CBC, and
the PEM encryption before PKCS#8 (RFC 1421, `DEK-Info`), which `openssl ec -aes256` still writes.
What a file makes us compute is bounded before it is computed.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import TYPE_CHECKING, TypeVar

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES, SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7

from ..errors import MalformedKey
from .der import INTEGER, OCTETS, SEQUENCE, Reader, wrap_integer, wrap_object, wrap_tlv

if TYPE_CHECKING:
    from collections.abc import Callable

Scheme = TypeVar("Scheme")
PBKDF2_ITERATIONS = 600_000
WRONG_PASSWORD = "口令不对 / wrong password"  # noqa: S105 - what is said of one

_MOST_ITERATIONS = 10_000_000
_MOST_SCRYPT_BYTES = 256 * 1024 * 1024
_MOST_SCRYPT_PARALLEL = 16
_BLOCK_SIZE = 16
_NULL = 0x05
_SALT_SIZE = 16
_PBES2 = "1.2.840.113549.1.5.13"
_PBKDF2 = "1.2.840.113549.1.5.12"
_SM_PBES, _SM_PBKDF = "1.2.156.10197.6.4.1.5.2", "1.2.156.10197.6.4.1.5.1"
"""The same two under the names of GM/T 0091; its PRF is always HMAC-SM3."""
_SCRYPT = "1.3.6.1.4.1.11591.4.11"
_HMAC_SHA1 = "1.2.840.113549.2.7"
"""PBKDF2's own default (RFC 8018 A.2): BouncyCastle leaves it out and means it."""
_HMAC_SHA256 = "1.2.840.113549.2.9"
_HMAC_SM3 = "1.2.156.10197.1.401.2"
_AES_256_CBC = "2.16.840.1.101.3.4.1.42"
_HASHES: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    _HMAC_SHA1: hashes.SHA1,
    "1.2.840.113549.2.8": hashes.SHA224,
    _HMAC_SHA256: hashes.SHA256,
    "1.2.840.113549.2.10": hashes.SHA384,
    "1.2.840.113549.2.11": hashes.SHA512,
    _HMAC_SM3: hashes.SM3,
    "1.2.156.10197.1.401.3.1": hashes.SM3,
}
_CIPHERS: dict[str, tuple[type[AES | SM4], int]] = {
    "2.16.840.1.101.3.4.1.2": (AES, 16),
    "2.16.840.1.101.3.4.1.22": (AES, 24),
    _AES_256_CBC: (AES, 32),
    "1.2.156.10197.1.104.2": (SM4, 16),
    "1.2.156.10197.1.104": (SM4, 16),
}
"""Cipher and key size in bytes, all in CBC."""
_DEK: dict[str, tuple[type[AES | SM4], int]] = {
    "AES-128-CBC": (AES, 16),
    "AES-192-CBC": (AES, 24),
    "AES-256-CBC": (AES, 32),
    "SM4-CBC": (SM4, 16),
}


def seal_pkcs8(private_key_info: bytes, password: bytes) -> bytes:
    """Encrypt an unencrypted PKCS#8 DER; return PEM."""
    salt, iv = secrets.token_bytes(_SALT_SIZE), secrets.token_bytes(_BLOCK_SIZE)
    padder = PKCS7(8 * _BLOCK_SIZE).padder()
    padded = padder.update(private_key_info) + padder.finalize()
    key = PBKDF2HMAC(hashes.SHA256(), 32, salt, PBKDF2_ITERATIONS).derive(password)
    cipher = Cipher(AES(key), CBC(iv)).encryptor()
    sealed = cipher.update(padded) + cipher.finalize()
    prf = _algorithm(_HMAC_SHA256, wrap_tlv(_NULL, b""))
    derivation = wrap_tlv(OCTETS, salt) + wrap_integer(PBKDF2_ITERATIONS) + prf
    schemes = _algorithm(_PBKDF2, wrap_tlv(SEQUENCE, derivation))
    schemes += _algorithm(_AES_256_CBC, wrap_tlv(OCTETS, iv))
    algorithm = _algorithm(_PBES2, wrap_tlv(SEQUENCE, schemes))
    text = base64.b64encode(wrap_tlv(SEQUENCE, algorithm + wrap_tlv(OCTETS, sealed)))
    lines = [text[start : start + 64] + b"\n" for start in range(0, len(text), 64)]
    begin, end = (b"-----%s ENCRYPTED PRIVATE KEY-----\n" % word for word in (b"BEGIN", b"END"))
    return begin + b"".join(lines) + end


def open_pkcs8(der: bytes, password: bytes) -> bytes:
    """Decrypt an EncryptedPrivateKeyInfo; return what should be PKCS#8 DER.

    Raises:
        MalformedKey: another structure, a scheme we do not read (named by its OID), parameters out
            of bounds, or the wrong password; one wrong password in 256 is not noticed here.
    """
    outer = Reader(der, MalformedKey)
    top = outer.inside(SEQUENCE)
    outer.finish()
    algorithm = top.inside(SEQUENCE)
    sealed = top.read(OCTETS)
    if (name := algorithm.read_object()) not in {_PBES2, _SM_PBES}:
        raise _unknown(name)
    schemes = algorithm.inside(SEQUENCE)
    derivation, scheme = schemes.inside(SEQUENCE), schemes.inside(SEQUENCE)
    cipher, size = _known(_CIPHERS, scheme.read_object())
    iv = scheme.read(OCTETS)
    return _decrypt(cipher(_derive(derivation, size, password)), iv, sealed)


def open_dek(info: str, sealed: bytes, password: bytes) -> bytes:
    """Decrypt the body of a PEM whose header `DEK-Info` is `info` (RFC 1421 4.6.1.3).

    Raises:
        MalformedKey: as `open_pkcs8`.
    """
    name, _, text = info.partition(",")
    cipher, size = _known(_DEK, name.strip())
    try:
        iv = bytes.fromhex(text)
    except ValueError as error:
        raise MalformedKey(f"DEK-Info 不对 / is malformed: {info[:80]!r}") from error
    # OpenSSL's EVP_BytesToKey: MD5, once. Weak against guessing, hence read and never written.
    key = b""
    while len(key) < size:
        last = key[-16:]
        key += hashlib.md5(last + password + iv[:8], usedforsecurity=False).digest()
    return _decrypt(cipher(key[:size]), iv, sealed)


def _derive(derivation: Reader, size: int, password: bytes) -> bytes:
    name = derivation.read_object()
    parameters = derivation.inside(SEQUENCE)
    salt = parameters.read(OCTETS)
    if name in {_PBKDF2, _SM_PBKDF}:
        iterations = _bounded(parameters.read_integer(), _MOST_ITERATIONS, "iterations")
        if parameters.next_is(INTEGER):
            parameters.read_integer()  # the key's length, which the cipher fixes anyway
        prf = _HMAC_SHA1 if name == _PBKDF2 else _HMAC_SM3
        if parameters.next_is(SEQUENCE):
            prf = parameters.inside(SEQUENCE).read_object()
        return PBKDF2HMAC(_known(_HASHES, prf)(), size, salt, iterations).derive(password)
    if name == _SCRYPT:
        cost, block, parallel = (parameters.read_integer() for _ in range(3))
        _bounded(128 * cost * block, _MOST_SCRYPT_BYTES, "scrypt memory")
        _bounded(parallel, _MOST_SCRYPT_PARALLEL, "scrypt parallelism")
        if cost < 2 or cost & (cost - 1):  # noqa: PLR2004 - a power of two above 1 (RFC 7914)
            raise MalformedKey(f"scrypt 参数不对 / scrypt's N is no power of two: {cost}")
        return Scrypt(salt, size, cost, block, parallel).derive(password)
    raise _unknown(name)


def _decrypt(algorithm: AES | SM4, iv: bytes, sealed: bytes) -> bytes:
    if len(iv) != _BLOCK_SIZE or not sealed or len(sealed) % _BLOCK_SIZE:
        raise MalformedKey("密钥文件不完整 / the key file is cut short")
    cipher = Cipher(algorithm, CBC(iv)).decryptor()
    unpadder = PKCS7(8 * _BLOCK_SIZE).unpadder()
    try:
        return unpadder.update(cipher.update(sealed) + cipher.finalize()) + unpadder.finalize()
    except ValueError:
        # Not chained: the padding error would say nothing, and a traceback shows arguments.
        raise MalformedKey(WRONG_PASSWORD) from None


def _bounded(value: int, most: int, what: str) -> int:
    if not 0 < value <= most:
        raise MalformedKey(
            f"密钥文件的参数超出范围（{what} {value}，至多 {most}）/ is out of range", value=value
        )
    return value


def _known(table: dict[str, Scheme], name: str) -> Scheme:
    found = table.get(name)
    if found is None:
        raise _unknown(name)
    return found


def _unknown(name: str) -> MalformedKey:
    return MalformedKey(
        f"密钥文件的加密方式 {name} 不支持，可转换为 AES-256：openssl pkcs8 -topk8 -v2 aes-256-cbc "
        "-iter 600000 / its encryption scheme is not one we read",
        scheme=name,
    )


def _algorithm(identifier: str, parameters: bytes) -> bytes:
    return wrap_tlv(SEQUENCE, wrap_object(identifier) + parameters)
