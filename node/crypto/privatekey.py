"""SM2 keys in files, whoever wrote them: OpenSSL, BouncyCastle, GmSSL, gmsm and ourselves.

A private key is PKCS#8 (RFC 5958), encrypted or not, or SEC1 (RFC 5915), as PEM (RFC 7468) or DER;
`EC PARAMETERS` before it name its curve, and its public half may be missing. What a file is, its
structure says: makers do not agree on labels (`EC`, `SM2` or plain `PRIVATE KEY`). A public key is
SubjectPublicKeyInfo as PEM or DER, or a point in hex.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, NamedTuple

from ..errors import LedgerError, MalformedKey
from .der import BITS, EC_KEY, INTEGER, OBJECT, OCTETS, SEQUENCE, SM2_CURVE, Reader
from .pbes2 import open_dek, open_pkcs8
from .publickey import N, Sm2PublicKey

if TYPE_CHECKING:
    from collections.abc import Iterator

CURVES = {
    SM2_CURVE: "SM2",
    "1.2.840.10045.3.1.7": "P-256",
    "1.3.132.0.34": "P-384",
    "1.3.132.0.35": "P-521",
    "1.3.132.0.10": "secp256k1",
}
_PARAMETERS, _PUBLIC = 0xA0, 0xA1
_PKCS12 = "1.2.840.113549.1.7.1"
"""What stands where PKCS#8 has the kind of key (RFC 7292 section 4)."""
_LONGEST_SCALAR = 33
_HEX = re.compile(rb"\s*(?:0x)?((?:[0-9a-fA-F]{2})+)\s*")
_WRAPPED = {
    "CERTIFICATE": "openssl x509 -in FILE -noout -pubkey",
    "CERTIFICATE REQUEST": "openssl req -in FILE -noout -pubkey",
}
"""What holds a public key and more, by its label: how to take the key out."""
_LABEL = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,64})-----")


class PrivateHalf(NamedTuple):
    """What a file says of a private key; its repr would show it, so it goes no further."""

    scalar: int
    public: Sm2PublicKey | None
    """Its public half, where the file has it; nobody has compared the two."""


class _Block(NamedTuple):
    label: str
    headers: dict[str, str]
    octets: bytes


def read_private_key(content: bytes, password: bytes) -> PrivateHalf:
    """Read the SM2 private key of a file.

    Raises:
        MalformedKey: no private key in any of the forms above, the wrong password, or a key of
            another kind or curve, which is named.
    """
    der, curve, sealed = _unsealed(content, password)
    try:
        return _parse_private(der, curve)
    except MalformedKey:
        if not sealed or _begins(der, SEQUENCE, INTEGER):
            raise
        # One wrong password in 256 leaves valid padding and rubbish.
        raise MalformedKey("口令不对，或其中没有密钥 / wrong password, or no key inside") from None


def open_private_key(content: bytes, password: bytes) -> bytes:
    """Return the DER of a private key of any kind, decrypted where it was encrypted.

    Raises:
        MalformedKey: no private key, or the wrong password.
    """
    return _unsealed(content, password)[0]


def find_public_key(content: bytes) -> Sm2PublicKey | None:
    """Return the SM2 public key that a file holds, or None if it is no file of a public key.

    Raises:
        MalformedKey: it is one, but of another kind or curve, or malformed.
    """
    if _LABEL.search(content):
        for block in _blocks(content):
            if block.label == "PUBLIC KEY":
                return _parse_public(block.octets)
            if command := _WRAPPED.get(block.label):
                raise MalformedKey(
                    f"这是证书或证书请求，请先取出其中的公钥：{command}"
                    " / it is a certificate or a request for one: take its public key out first"
                )
        return None
    if found := _HEX.fullmatch(content):
        point = bytes.fromhex(found[1].decode("ascii"))
        # x ‖ y as sm-crypto, gmssl and our own `.pub` have it, or a point with its first byte.
        return Sm2PublicKey.from_raw(point) if len(point) == 64 else Sm2PublicKey.from_point(point)  # noqa: PLR2004
    if _begins(content, SEQUENCE, SEQUENCE, OBJECT):
        if _begins_encrypted(content):
            return None
        return _parse_public(content)
    return None


def _unsealed(content: bytes, password: bytes) -> tuple[bytes, str | None, bool]:
    """Return a private key's DER, the curve named beside it, and whether it was encrypted."""
    curve = None
    if not _LABEL.search(content):
        if not _begins(content, SEQUENCE):
            raise _no_private_key()
        blocks: Iterator[_Block] | list[_Block] = [_Block("PRIVATE KEY", {}, content)]
    else:
        blocks = _blocks(content)
    for block in blocks:
        if block.label.endswith("PARAMETERS"):
            curve = _curve(Reader(block.octets, MalformedKey))
        elif block.label.endswith("PRIVATE KEY"):
            if "DEK-Info" in block.headers:
                return open_dek(block.headers["DEK-Info"], block.octets, password), curve, True
            if _begins(block.octets, SEQUENCE, SEQUENCE):
                return open_pkcs8(block.octets, password), curve, True
            return block.octets, curve or _label_curve(block.label), False
    raise _no_private_key()


def _no_private_key() -> MalformedKey:
    return MalformedKey(
        "文件里没有私钥（PKCS#8、SEC1，PEM 或 DER）/ the file holds no private key, PKCS#8 or SEC1"
    )


def _label_curve(label: str) -> str | None:
    return SM2_CURVE if label.startswith("SM2") else None


def _parse_private(der: bytes, curve: str | None) -> PrivateHalf:
    outer = Reader(der, MalformedKey)
    key = outer.inside(SEQUENCE)
    outer.finish()
    key.read_integer()
    if not key.next_is(SEQUENCE):
        return _parse_sec1(Reader(der, MalformedKey).inside(SEQUENCE), curve)
    algorithm = key.inside(SEQUENCE)
    _expect_kind(algorithm.read_object())
    if algorithm.position < len(algorithm.data):
        curve = _curve(algorithm)
    inner = key.inside(OCTETS)  # attributes may follow (RFC 5958); they say nothing of the key
    return _parse_sec1(inner.inside(SEQUENCE), curve)


def _parse_sec1(key: Reader, curve: str | None) -> PrivateHalf:
    if key.read_integer() != 1 or not key.next_is(OCTETS):
        raise MalformedKey("不是 SM2 私钥 / it is no SM2 private key, PKCS#8 or SEC1")
    octets = key.read(OCTETS)
    # tjfoc/gmsm drops leading zeros, others add one.
    scalar = int.from_bytes(octets, "big")
    if key.next_is(_PARAMETERS):
        curve = _curve(key.inside(_PARAMETERS))
    public = None
    if key.next_is(_PUBLIC):
        public = _point(key.inside(_PUBLIC))
    key.finish()
    if curve is None and public is None:
        raise MalformedKey(
            "密钥没有写明曲线，请转换为 PKCS#8：openssl pkcs8 -topk8 / the key names no curve"
        )
    if not 0 < scalar < N - 1 or len(octets) > _LONGEST_SCALAR:
        raise MalformedKey("私钥超出范围 / the private key is out of range")
    return PrivateHalf(scalar, public)


def _parse_public(der: bytes) -> Sm2PublicKey:
    outer = Reader(der, MalformedKey)
    info = outer.inside(SEQUENCE)
    outer.finish()
    algorithm = info.inside(SEQUENCE)
    _expect_kind(algorithm.read_object())
    _curve(algorithm)
    return _point(info)


def _point(reader: Reader) -> Sm2PublicKey:
    bits = reader.read(BITS)
    reader.finish()
    if bits[:1] != b"\0":
        raise MalformedKey("公钥不完整 / the public key is cut short")
    return Sm2PublicKey.from_point(bits[1:])


def _curve(reader: Reader) -> str:
    """Return the OID of the curve, which must be SM2's."""
    if not reader.next_is(OBJECT):
        raise MalformedKey(
            "密钥写出了曲线的全部参数，请改用曲线名：openssl ec -param_enc named_curve"
            " / its curve is spelt out; name it instead"
        )
    oid = reader.read_object()
    reader.finish()
    if oid != SM2_CURVE:
        raise MalformedKey(
            f"密钥的曲线是 {CURVES.get(oid, '')} {oid}，应为 SM2 {SM2_CURVE}"
            " / the key is on another curve",
            oid=oid,
        )
    return oid


def _expect_kind(oid: str) -> None:
    if oid == _PKCS12:
        raise MalformedKey(
            "这是 PKCS#12 文件，请先取出私钥：openssl pkcs12 -in FILE -nocerts -out key.pem"
            " / it is PKCS#12: take the private key out first",
            oid=oid,
        )
    if oid != EC_KEY:
        raise MalformedKey(
            f"密钥的种类是 {oid}，应为 {EC_KEY}，曲线 SM2 / it is another kind of key", oid=oid
        )


def _begins(data: bytes, *tags: int) -> bool:
    """Tell whether DER begins with `tags` inside each other."""
    try:
        for tag in tags:
            data = Reader(data, MalformedKey).read(tag)
    except LedgerError:
        return False
    return True


def _begins_encrypted(der: bytes) -> bool:
    """Tell an EncryptedPrivateKeyInfo from a SubjectPublicKeyInfo, which begins alike."""
    info = Reader(der, MalformedKey).inside(SEQUENCE)
    info.read(SEQUENCE)
    return info.next_is(OCTETS)


def _blocks(content: bytes) -> Iterator[_Block]:
    """Yield the PEM blocks of a file; what stands between them is skipped (RFC 7468)."""
    position = 0
    while found := _LABEL.search(content, position):
        position = content.find(b"-----END %s-----" % found[1], found.end())
        if position < 0:
            raise MalformedKey("密钥文件不完整 / the key file is cut short")
        text = content[found.end() : position].replace(b"\r", b"")
        head, blank, body = text.partition(b"\n\n")
        headers = dict(_header(line) for line in head.strip().split(b"\n") if b":" in line)
        try:
            octets = base64.b64decode(b"".join((body if headers else text).split()), validate=True)
        except binascii.Error as error:
            raise MalformedKey("密钥文件不是 base64 / the key file is not base64") from error
        if headers and not blank:
            raise MalformedKey("密钥文件不完整 / the key file is cut short")
        yield _Block(found[1].decode("ascii"), headers, octets)


def _header(line: bytes) -> tuple[str, str]:
    name, _, value = line.decode("ascii", "replace").partition(":")
    return name.strip(), value.strip()
