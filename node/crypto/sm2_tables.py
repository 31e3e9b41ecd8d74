"""SM2 verification with a table of multiples per key: `native/sm2_verify.c`, where it was built.

It accepts what libcrypto accepts, about nine times faster, and speaks of public inputs only.
libcrypto stays the judge: it verifies until a key has been used often enough for a table, one
accepted signature in a hundred is checked by both, and after a difference it verifies alone.
"""

from __future__ import annotations

import itertools
import logging
import os
import threading
from collections import OrderedDict
from ctypes import POINTER, PyDLL, c_char_p, c_int, c_uint64
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SelfTestFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from .publickey import Sm2PublicKey

VARIABLE = "SM2_NATIVE"
"""`off`: libcrypto verifies alone."""
LIBRARY = Path(__file__).with_name("native") / "libsm2verify.so"

USES_BEFORE_TABLE = 10
"""A table takes as long as eight verifications by libcrypto."""
MOST_TABLES = 128
"""169 KiB each, 21 MiB in all: the keys that call; the least recently used one goes first."""
_MOST_COUNTED = 4096
CHECKED_EVERY = 100

_logger = logging.getLogger(__name__)


@cache
def load() -> PyDLL | None:
    """Return the native part; None where it was not built or is switched off."""
    if os.environ.get(VARIABLE) == "off":
        return None
    pointer = POINTER(c_uint64)
    try:
        # PyDLL keeps the GIL: whoever lets go of it for the 50 µs of a verification waits for up
        # to 5 ms (sys.getswitchinterval) to have it back from a thread that computes.
        library = PyDLL(str(LIBRARY))
        for name, arguments in (
            ("sm2_table_limbs", []),
            ("sm2_table", [c_char_p, pointer]),
            ("sm2_generator", [pointer]),
            ("sm2_verify", [pointer, pointer, c_char_p, c_char_p]),
        ):
            function = getattr(library, name)
            function.argtypes, function.restype = arguments, c_int
    except (OSError, AttributeError):  # not built, or from another version's source
        return None
    return library


def make_table(public: Sm2PublicKey) -> Any:  # noqa: ANN401 - a ctypes array
    """Return the table of a key.

    Raises:
        SelfTestFailed: there is no native part, or it says that the key is no point of the curve.
    """
    return _filled(lambda library, table: library.sm2_table(public.raw, table), public.key_id.hex())


def is_signed(table: Any, e: bytes, signature: bytes) -> bool:  # noqa: ANN401 - a ctypes array
    """Tell whether r‖s is the signature of the 32 bytes e by the key of a table."""
    library = load()
    return library is not None and library.sm2_verify(_generator(), table, e, signature) == 1


@cache
def _generator() -> Any:  # noqa: ANN401 - a ctypes array
    return _filled(lambda library, table: library.sm2_generator(table), "of the generator")


def _filled(fill: Callable[[PyDLL, Any], int], what: str) -> Any:  # noqa: ANN401 - a ctypes array
    library = load()
    if library is not None:
        # The C side says how much it writes: a size kept here as well could fall short of it.
        table = (c_uint64 * library.sm2_table_limbs())()
        if fill(library, table) == 1:
            return table
    raise SelfTestFailed(f"no table of the key {what}")


class Tables:
    """The tables of the keys that are used; any number of threads."""

    def __init__(self, judge: Callable[[Sm2PublicKey, bytes, bytes], bool]) -> None:
        self._judge = judge
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, Any] = OrderedDict()
        self._uses: OrderedDict[bytes, int] = OrderedDict()
        self._accepted = itertools.count(1)
        self.trusted = load() is not None
        """False without the native part, and for good after it differed from libcrypto."""

    def verify_e(self, public: Sm2PublicKey, e: bytes, signature: bytes) -> bool:
        """Tell whether r‖s is `public`'s signature of the 32 bytes e."""
        table = self._find(public) if self.trusted else None
        if table is None:
            return self._judge(public, e, signature)
        found = is_signed(table, e, signature)
        if found and next(self._accepted) % CHECKED_EVERY == 0:
            return self._checked(public, e, signature)
        return found

    def _checked(self, public: Sm2PublicKey, e: bytes, signature: bytes) -> bool:
        if self._judge(public, e, signature):
            return True
        # Whoever found a way past it may have used it before: an alarm, and never again.
        self.trusted = False
        _logger.critical(
            "快速 SM2 验签通过了 libcrypto 不认的签名（密钥 %s）：从现在起只用 libcrypto / "
            "the native SM2 verification accepted what libcrypto refuses: libcrypto verifies alone",
            public.key_id.hex(),
        )
        return False

    def _find(self, public: Sm2PublicKey) -> Any:  # noqa: ANN401 - a ctypes array or None
        raw = public.raw
        with self._lock:
            table = self._kept.get(raw)
            if table is not None:
                self._kept.move_to_end(raw)
                return table
            uses = self._uses.pop(raw, 0) + 1
            if uses < USES_BEFORE_TABLE:
                self._uses[raw] = uses
                if len(self._uses) > _MOST_COUNTED:
                    self._uses.popitem(last=False)
                return None
        table = make_table(public)  # outside of the lock: made twice is no harm
        with self._lock:
            self._kept[raw] = table
            if len(self._kept) > MOST_TABLES:
                self._kept.popitem(last=False)
        return table
