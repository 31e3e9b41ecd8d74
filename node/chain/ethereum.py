"""web3 and eth-account, imported without what their import does to the whole process.

eth-keyfile imports py_ecc for a kind of key files that nobody here has, and py_ecc 8 raises the
interpreter's recursion limit to 100,000: a deep text of a stranger would then end the process
where it raises RecursionError today.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def importing() -> Iterator[None]:
    """Import what brings py_ecc along; the recursion limit is afterwards what it was."""
    limit = sys.getrecursionlimit()
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
