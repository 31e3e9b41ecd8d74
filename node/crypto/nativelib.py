"""What is compiled from `native/`, where there was a C compiler: public inputs only.

Everything works without it, or with `SM2_NATIVE=off`: libcrypto verifies SM2 alone then, and
Keccak-256 comes from `Cryptodome`.
"""

from __future__ import annotations

import os
from ctypes import (
    CDLL,
    POINTER,
    PyDLL,
    c_char_p,
    c_int,
    c_size_t,
    c_uint64,
    c_void_p,
)
from functools import cache
from pathlib import Path

VARIABLE = "SM2_NATIVE"
"""`off`: nothing of it is used."""
LIBRARY = Path(__file__).with_name("native") / "libsm2verify.so"

_TABLE = POINTER(c_uint64)


@cache
def load() -> PyDLL | None:
    """Return the native part; None where it was not built or is switched off.

    Its functions keep the GIL: whoever lets go of it for the 50 µs of a verification waits for up
    to 5 ms (sys.getswitchinterval) to have it back from a thread that computes.
    """
    library = None if os.environ.get(VARIABLE) == "off" else _declared(PyDLL)
    return library if isinstance(library, PyDLL) else None


@cache
def load_beside() -> CDLL | None:
    """Return the same library for calls of milliseconds, which let other threads compute."""
    return None if load() is None else _declared(CDLL)


def _declared(kind: type[CDLL]) -> CDLL | None:
    try:
        library = kind(str(LIBRARY))
        for name, arguments, returned in (
            ("keccak256", [c_char_p, c_size_t, c_char_p], None),
            ("sm2_table_limbs", [], c_int),
            ("sm2_table", [c_char_p, _TABLE], c_int),
            ("sm2_generator", [_TABLE], c_int),
            ("sm2_verify", [_TABLE, _TABLE, c_char_p, c_char_p], c_int),
            (
                "sm2_verify_all",
                [_TABLE, c_size_t, POINTER(c_void_p), c_char_p, c_char_p, c_char_p],
                None,
            ),
        ):
            function = getattr(library, name)
            function.argtypes, function.restype = arguments, returned
    except (OSError, AttributeError):  # not built, or from another version's source
        return None
    return library
