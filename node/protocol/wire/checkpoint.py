r"""Checkpoints: a log's signed size and root (C2SP tlog-checkpoint in a signed-note).

`origin\nsize\nroot\n\n— origin base64(key id ‖ signature)\n` with two lines required: Ed25519
(type 0x01) and SM2 with SM3 (private type 0xff, identifier `sm2-sm3`). A line of an unknown key
is ignored, a line of a known key that fails rejects the note. The chain's `checkpointHash` is
SHA-256 of the note text.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from ...crypto import (
    Ed25519Signer,
    Signer,
    Sm2PublicKey,
    check_checkpoint_text,
    sha256,
    sign_checkpoint,
    verify_ed25519,
    verify_sm2,
)
from ...errors import CheckpointInvalid, MalformedCheckpoint, SignatureInvalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LIMIT = 16_384
SIGNATURE_LIMIT = 64

_ED25519_TYPE = b"\x01"
_SM2_TYPE = b"\xffsm2-sm3\n"
_KEY_HASH_SIZE = 4
_LARGEST_SIZE = 2**53
_TEXT = re.compile(r"([!-*,-~]{1,255})\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n")
_LINE = re.compile(r"— ([^\s+]{1,255}) ([A-Za-z0-9+/]+={0,2})\n")


@dataclass(frozen=True)
class Checkpoint:
    """What a log claims to contain at one moment."""

    origin: str
    size: int
    """Number of leaves."""
    root: bytes
    """Root hash of the first `size` leaves, 32 bytes."""

    @cached_property
    def text(self) -> bytes:
        """The note text that is signed, with its final line feed."""
        root = base64.b64encode(self.root).decode("ascii")
        return f"{self.origin}\n{self.size}\n{root}\n".encode("ascii")


@dataclass(frozen=True)
class NoteSignature:
    """One signature line."""

    name: str
    key_hash: bytes
    """The first 4 bytes of SHA-256 over name, type and key: says which key, proves nothing."""
    signature: bytes


@dataclass(frozen=True)
class SignedCheckpoint:
    """A checkpoint and its signature lines, not yet verified."""

    checkpoint: Checkpoint
    signatures: tuple[NoteSignature, ...]

    @classmethod
    def parse(cls, note: bytes) -> SignedCheckpoint:
        """Read a signed note.

        Raises:
            MalformedCheckpoint: not the one rendering of a checkpoint and its signatures.
        """
        if len(note) > LIMIT:
            raise MalformedCheckpoint(f"a note has at most {LIMIT} bytes")
        try:
            text, blank, lines = note.decode("utf-8").partition("\n\n")
        except UnicodeDecodeError as error:
            raise MalformedCheckpoint("a note is UTF-8") from error
        if not blank or not lines.endswith("\n"):
            raise MalformedCheckpoint("a note is text, an empty line and signature lines")
        rows = lines.split("\n")[:-1]
        if len(rows) > SIGNATURE_LIMIT:
            raise MalformedCheckpoint(f"more than {SIGNATURE_LIMIT} signatures")
        return cls(_parse_text(text + "\n"), tuple(_parse_line(row + "\n") for row in rows))

    def render(self) -> bytes:
        """Render the signed note."""
        lines = [
            f"— {line.name} {base64.b64encode(line.key_hash + line.signature).decode('ascii')}\n"
            for line in self.signatures
        ]
        return self.checkpoint.text + b"\n" + "".join(lines).encode()


def _parse_text(text: str) -> Checkpoint:
    match = _TEXT.fullmatch(text)
    if not match or int(match[2]) >= _LARGEST_SIZE:
        raise MalformedCheckpoint("not the text of a checkpoint")
    checkpoint = Checkpoint(match[1], int(match[2]), _unbase64(match[3]))
    if checkpoint.text != text.encode():
        raise MalformedCheckpoint("the root is not canonical base64")
    return checkpoint


def _parse_line(line: str) -> NoteSignature:
    match = _LINE.fullmatch(line)
    if not match:
        raise MalformedCheckpoint("not a signature line")
    blob = _unbase64(match[2])
    if len(blob) <= _KEY_HASH_SIZE or base64.b64encode(blob).decode("ascii") != match[2]:
        raise MalformedCheckpoint("a signature line is too short or not canonical base64")
    return NoteSignature(match[1], blob[:_KEY_HASH_SIZE], blob[_KEY_HASH_SIZE:])


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise MalformedCheckpoint("not base64") from error


def checkpoint_hash(text: bytes) -> bytes:
    """Return the chain's `checkpointHash` of a note text."""
    return sha256(text)


@lru_cache(maxsize=1024)
def key_hash(name: str, key_type: bytes, key: bytes) -> bytes:
    """Return the 4 bytes that name a key in a signature line (C2SP signed-note)."""
    return sha256(name.encode() + b"\n" + key_type + key)[:_KEY_HASH_SIZE]


def sign_note(checkpoint: Checkpoint, *, sm2: Signer, ed25519: Ed25519Signer) -> SignedCheckpoint:
    """Sign a checkpoint with both keys of its log."""
    name, text = checkpoint.origin, checkpoint.text
    check_checkpoint_text(text)
    return SignedCheckpoint(
        checkpoint,
        (
            NoteSignature(name, key_hash(name, _ED25519_TYPE, ed25519.public), ed25519.sign(text)),
            NoteSignature(
                name, key_hash(name, _SM2_TYPE, sm2.public_key.raw), sign_checkpoint(sm2, text)
            ),
        ),
    )


def verify_note(signed: SignedCheckpoint, *, sm2: Sm2PublicKey, ed25519: bytes) -> None:
    """Check that both keys of the log signed the checkpoint.

    Raises:
        CheckpointInvalid: a line is missing, or a line of one of the keys does not hold.
    """
    name, text = signed.checkpoint.origin, signed.checkpoint.text
    known: dict[bytes, Callable[[bytes], None]] = {
        key_hash(name, _ED25519_TYPE, ed25519): lambda line: verify_ed25519(ed25519, text, line),
        key_hash(name, _SM2_TYPE, sm2.raw): lambda line: verify_sm2(sm2, text, line),
    }
    seen = set()
    for line in signed.signatures:
        verify = known.get(line.key_hash) if line.name == name else None
        if verify is None:
            continue
        try:
            verify(line.signature)
        except SignatureInvalid as error:
            raise CheckpointInvalid(f"a signature on the checkpoint of {name} fails") from error
        seen.add(line.key_hash)
    if len(seen) != len(known):
        raise CheckpointInvalid(f"the checkpoint of {name} lacks a signature of its log's keys")


def find_sm2(signed: SignedCheckpoint, keys: Iterable[Sm2PublicKey]) -> tuple[Sm2PublicKey, bytes]:
    """Return the first of `keys` that signed the checkpoint, and its signature r‖s.

    Raises:
        CheckpointInvalid: none did.
    """
    name, text = signed.checkpoint.origin, signed.checkpoint.text
    for key in keys:
        named = key_hash(name, _SM2_TYPE, key.raw)
        for line in signed.signatures:
            if (line.name, line.key_hash) == (name, named):
                try:
                    verify_sm2(key, text, line.signature)
                except SignatureInvalid:
                    continue
                return key, line.signature
    raise CheckpointInvalid(f"the checkpoint of {name} is signed by none of its department's keys")
