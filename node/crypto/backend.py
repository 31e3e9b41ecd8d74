"""Choice of the SM2 backend: `SM2_BACKEND=libcrypto` (the default) or `gmssl`.

Both are modules with the functions of `Backend`; the choice is made once, at first use.
"""

from __future__ import annotations

import importlib
import os
import warnings
from functools import cache
from typing import TYPE_CHECKING, Protocol, cast

from ..errors import ConfigInvalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .publickey import Sm2PublicKey

VARIABLE = "SM2_BACKEND"

_MODULES = {"libcrypto": "sm2_libcrypto", "gmssl": "sm2_gmssl"}


class PrivateKey(Protocol):
    """A private key as a backend holds it."""

    public_key: Sm2PublicKey

    def sign_e(self, e: bytes) -> bytes:
        """Sign 32 bytes; return r‖s."""
        ...

    def decrypt(self, ciphertext: bytes) -> bytes:
        """Decrypt a GM/T 0009 ciphertext; raise MalformedEnvelope if it was changed."""
        ...

    def to_pkcs8(self) -> bytes: ...


class Backend(Protocol):
    """What both backends do."""

    def generate(self) -> PrivateKey: ...

    def from_scalar(self, scalar: int) -> PrivateKey: ...

    def verify_e(self, public: Sm2PublicKey, e: bytes, signature: bytes) -> bool:
        """Tell whether r‖s, both in range, signs e."""
        ...

    def verify_all(self, questions: Sequence[tuple[Sm2PublicKey, bytes, bytes]]) -> list[bool]:
        """Tell the same of many: key, e and r‖s of each."""
        ...

    def encrypt(self, public: Sm2PublicKey, plaintext: bytes) -> bytes: ...

    def version(self) -> str: ...


@cache
def load() -> Backend:
    """Return the backend the environment names.

    Raises:
        ConfigInvalid: the name is unknown, or its library is missing or too old.
    """
    name = os.environ.get(VARIABLE, "libcrypto")
    if name not in _MODULES:
        raise ConfigInvalid(f"{VARIABLE}={name}: choose one of {', '.join(_MODULES)}")
    backend = cast("Backend", importlib.import_module(f".{_MODULES[name]}", __package__))
    if name == "gmssl":
        warnings.warn(
            f"{VARIABLE}=gmssl: SM2 in pure Python is slow and leaks timing; "
            "for trials only, never with real keys",
            RuntimeWarning,
            stacklevel=2,
        )
    backend.version()
    return backend


def backend_version() -> str:
    """Name the SM2 backend in use and its library."""
    return load().version()
