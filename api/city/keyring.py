"""Everybody's keys by name: made when they are first asked for, kept in files, never overwritten.

Beside every key file stands its public half, `FILE.pub`, in hex (SM2: x then y; Ed25519; a relay's
address). By it a city that is founded stays known after its officers have taken their key files
home; what needs a signature then asks for the file. Without a place a key is in memory only.
"""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from api.cli.opening import handle_of
from node.chain.relay import RelayAccount
from node.crypto import Ed25519Signer, Sm2PublicKey, SoftwareSigner, SoftwareUnwrapper
from node.crypto.keyfile import save_key_file
from node.crypto.passwords import read_password
from node.errors import MalformedKey
from node.office.departments import new_person
from node.office.founding import LOG, SIGN, UNWRAP

from .halves import (
    ADDRESS_SIZE,
    ED25519_SIZE,
    SM2_SIZE,
    Key,
    public_file,
    public_half,
    read_public,
    write_public,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

RELAY = "relay"
CLASSES: dict[str, type[Key]] = {
    SIGN: SoftwareSigner,
    UNWRAP: SoftwareUnwrapper,
    LOG: Ed25519Signer,
    RELAY: RelayAccount,
}
"""By what a key is for."""
SIZES = {SIGN: SM2_SIZE, UNWRAP: SM2_SIZE, LOG: ED25519_SIZE, RELAY: ADDRESS_SIZE}
AnyKey = TypeVar("AnyKey", SoftwareSigner, SoftwareUnwrapper, Ed25519Signer, RelayAccount)


class Place(NamedTuple):
    """Where a key is kept."""

    kind: str
    """One of CLASSES."""
    file: Path
    password_file: Path
    kept: Path | None = None
    """The public half stands beside this too: by it the key is known when its folder has gone."""

    whose: str = ""
    """Who holds it, for people."""

    @property
    def known(self) -> Path | None:
        """The file beside which the public half stands, if it does."""
        files = (self.file, self.kept or self.file)
        return next((file for file in files if public_file(file).exists()), None)


@dataclass
class KeyRing:
    """The keys of one city."""

    places: Mapping[str, Place] = field(default_factory=dict)
    dry: bool = False
    """Make missing keys in memory, write nothing."""
    made: Callable[[Path], object] = lambda _file: None
    """Told of each file that was missing, once it is there; from any thread."""
    _keys: dict[str, Key] = field(default_factory=dict)
    _handles: dict[str, str] = field(default_factory=dict)
    _passwords: dict[Path, bytes] = field(default_factory=dict)

    def prepare(self) -> None:
        """Make what is missing: passwords first, then keys, each file whole or not at all."""
        # One that is there no more has gone with its keys: a new one would not open them.
        missing = (place for place in self.places.values() if place.known is None)
        for password_file in {place.password_file for place in missing}:
            self._password(password_file)
        with ThreadPoolExecutor(max_workers=2) as pool:
            # Each file is encrypted under a key of 600,000 PBKDF2 rounds.
            # map, unlike submit, drops what has not begun when it is left by an exception.
            list(pool.map(self._half, self.places))

    def signer(self, name: str) -> SoftwareSigner:
        return self._get(name, SoftwareSigner)

    def unwrapper(self, name: str) -> SoftwareUnwrapper:
        return self._get(name, SoftwareUnwrapper)

    def log(self, name: str) -> Ed25519Signer:
        return self._get(name, Ed25519Signer)

    def relay(self, name: str) -> RelayAccount:
        return self._get(name, RelayAccount)

    def public(self, name: str) -> Sm2PublicKey:
        if name in self.places:
            return Sm2PublicKey.from_raw(self._half(name))
        return self.signer(name).public_key

    def sealing(self, name: str) -> Sm2PublicKey:
        if name in self.places:
            return Sm2PublicKey.from_raw(self._half(name))
        return self.unwrapper(name).public_key

    def ed25519(self, name: str) -> bytes:
        return self._half(name) if name in self.places else self.log(name).public

    def address(self, name: str) -> bytes:
        return self._half(name) if name in self.places else self.relay(name).address

    def person(self, name: str) -> str:
        if name not in self._handles:
            place = self.places.get(name)
            kept = place and handle_of(place.file, None, keep=not self.dry)
            self._handles[name] = kept or new_person()
        return self._handles[name]

    def _get(self, name: str, kind: type[AnyKey]) -> AnyKey:
        key = self._keys.get(name)
        if key is None:
            key = self._keys[name] = self._load(name, kind)
        if not isinstance(key, kind):
            raise MalformedKey(f"{name} 不是 {kind.__name__} / is another kind of key")
        return key

    def _load(self, name: str, kind: type[Key]) -> Key:
        place = self.places.get(name)
        if place is None:
            return kind.generate()
        if place.file.exists():
            key: Key = kind.load(place.file, self._password(place.password_file))
            half = place.known and read_public(place.known, SIZES[place.kind])
            if half not in {None, public_half(key)}:
                raise MalformedKey(f"{place.file} 与其 .pub 不是一对 / is not the .pub's key")
            return key
        if place.known is not None:
            raise MalformedKey(
                f"要用 {name}（{place.whose or '其持有人'}）签名，而 {place.file} 不在这里："
                "请持有人放入，办完再取走 / its holder must put the private key here meanwhile",
                path=str(place.file),
            )
        key = kind.generate()
        if not self.dry:
            place.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            key.save(place.file, self._password(place.password_file))
        self.made(place.file)
        return key

    def _half(self, name: str) -> bytes:
        """Return the public half of a key that has a place."""
        place = self.places[name]
        if place.known is not None:
            half = read_public(place.known, SIZES[place.kind])
        else:
            half = public_half(self._get(name, CLASSES[place.kind]))  # type: ignore[type-var]
            if not self.dry:
                write_public(place.file, half)
        if place.kept is not None and not self.dry:
            write_public(place.kept, half)
        return half

    def _password(self, file: Path) -> bytes:
        if file not in self._passwords:
            if not file.exists():
                if not self.dry:
                    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    save_key_file(file, secrets.token_urlsafe(24).encode() + b"\n")
                self.made(file)
            self._passwords[file] = read_password(file) if file.exists() else b""
        return self._passwords[file]
