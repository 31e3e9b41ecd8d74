"""Public halves of keys, in hex in a file of their own beside the key's: `FILE.pub`.

SM2: x then y; Ed25519; a relay's address. Whoever names a key may name its file. A half that was
made elsewhere is read as its tool wrote it: PEM or DER, a point with its first byte, an address
with 0x.
"""

from __future__ import annotations

import re
from pathlib import Path

from node.chain.relay import RelayAccount
from node.crypto import Ed25519Signer, SoftwareSigner, SoftwareUnwrapper
from node.crypto.ed25519 import parse_ed25519
from node.crypto.keyfile import load_public_file, save_key_file
from node.crypto.privatekey import find_public_key
from node.errors import AlreadyExists, MalformedKey

Key = SoftwareSigner | SoftwareUnwrapper | Ed25519Signer | RelayAccount
PUBLIC_SUFFIX = ".pub"
SM2_SIZE, ED25519_SIZE, ADDRESS_SIZE = 64, 32, 20
"""Bytes of a half; they tell its kind."""
_CALLED = {
    SM2_SIZE: "SM2 公钥（128 位十六进制，或 PEM、DER）",
    ED25519_SIZE: "Ed25519 公钥（64 位十六进制，或 PEM、DER）",
    ADDRESS_SIZE: "账户地址（40 位十六进制）",
}


def public_half(key: Key) -> bytes:
    """Return what may be known of a key: 64 bytes x‖y, 32 of Ed25519, or 20 of an address."""
    if isinstance(key, Ed25519Signer):
        return key.public
    if isinstance(key, SoftwareSigner | SoftwareUnwrapper):
        return key.public_key.raw
    return key.address


def public_file(file: Path) -> Path:
    """Return where the public half of a key file stands."""
    return file.with_name(file.name + PUBLIC_SUFFIX)


def write_public(file: Path, half: bytes) -> None:
    """Write the public half beside a key file; one that is there stays.

    Raises:
        AlreadyExists: another one is there.
    """
    target = public_file(file)
    if not target.exists():
        save_key_file(target, half.hex().encode() + b"\n")
    elif read_public(file, len(half)) != half:
        raise AlreadyExists(f"{target} 是另一把密钥的 / is another key's", path=str(target))


def named_half(named: str, size: int) -> bytes:
    """Return a public half of `size` bytes: in hex, by its file, or that of its key.

    Raises:
        MalformedKey: it is neither.
    """
    given = named.removeprefix("0x")
    if re.fullmatch(f"[0-9a-fA-F]{{{2 * size}}}", given):
        return bytes.fromhex(given)
    target = Path(named + PUBLIC_SUFFIX)
    if size == SM2_SIZE and not target.is_file() and Path(named).is_file():
        public = find_public_key(load_public_file(Path(named)))
        if public is not None:
            return public.raw
    if not target.is_file():
        raise MalformedKey(
            f"{named} 既不是 {2 * size} 位十六进制，也不是密钥文件（旁边没有 {target.name}）"
            " / is neither hex nor a key file with its .pub"
        )
    return _read(target, size)


def read_public(file: Path, size: int) -> bytes:
    """Read the public half, of `size` bytes, beside a key file.

    Raises:
        MalformedKey: it cannot be read, or is none of this kind.
    """
    return _read(public_file(file), size)


def _read(target: Path, size: int) -> bytes:
    content = load_public_file(target)
    given = content.strip().removeprefix(b"0x")
    why = "认不出 / is none"
    try:
        if size == SM2_SIZE:
            public = find_public_key(content)
            if public is not None:
                return public.raw
        elif re.fullmatch(rb"[0-9a-fA-F]{%d}" % (2 * size), given):
            return bytes.fromhex(given.decode("ascii"))
        elif size == ED25519_SIZE:
            return parse_ed25519(content)
    except MalformedKey as error:
        why = error.message
    raise MalformedKey(f"{target} 应为{_CALLED[size]}：{why}", path=str(target))
