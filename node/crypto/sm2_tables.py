"""SM2 verification with a table of multiples per key: `native/sm2_verify.c`, where it was built.

It accepts what libcrypto accepts, about nine times faster, and speaks of public inputs only.
libcrypto stays the judge: it verifies until a key has been used often enough for a table, one
accepted signature in a hundred is checked by both, and after a difference it verifies alone.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections import OrderedDict
from ctypes import addressof, c_uint64, c_void_p, create_string_buffer
from functools import cache
from typing import TYPE_CHECKING, Any

from ..errors import SelfTestFailed
from .nativelib import load, load_beside

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from ctypes import PyDLL

    from .publickey import Sm2PublicKey

    Question = tuple[Sm2PublicKey, bytes, bytes]
    """A key, the 32 bytes e, and r‖s, both in range."""

USES_BEFORE_TABLE = 10
"""A table takes as long as eight verifications by libcrypto."""
MOST_TABLES = 128
"""169 KiB each, 21 MiB in all: the keys that call; the least recently used one goes first."""
_MOST_COUNTED = 4096
CHECKED_EVERY = 100

_logger = logging.getLogger(__name__)


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


def are_signed(tables: Sequence[Any], es: bytes, signatures: bytes) -> bytes:
    """Tell the same of many, 1 or 0 for each, while other threads have the GIL."""
    library, count = load_beside(), len(tables)
    found = create_string_buffer(count)
    if library is not None:
        addresses = (c_void_p * count)(*map(addressof, tables))
        library.sm2_verify_all(_generator(), count, addresses, es, signatures, found)
    return found.raw


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
        return self._answered(is_signed(table, e, signature), (public, e, signature))

    def verify_all(self, questions: Sequence[Question]) -> list[bool]:
        """Tell the same of many; those whose keys have tables are computed without the GIL."""
        tables = [self._find(public) if self.trusted else None for public, _, _ in questions]
        fast = [place for place, table in enumerate(tables) if table is not None]
        answers = are_signed(
            [tables[place] for place in fast],
            b"".join([questions[place][1] for place in fast]),
            b"".join([questions[place][2] for place in fast]),
        )
        known = dict(zip(fast, answers, strict=True))
        return [self._answered(known.get(place), each) for place, each in enumerate(questions)]

    def _answered(self, answer: int | None, question: Question) -> bool:
        if answer is None:
            return self._judge(*question)
        if answer and next(self._accepted) % CHECKED_EVERY == 0:
            return self._checked(*question)
        return answer == 1

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
