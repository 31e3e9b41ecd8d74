"""web3 and eth-account, imported without what their import does to the whole process.

eth-keyfile imports py_ecc for a kind of key files that nobody here has (EIP-2335, of validators).
py_ecc computes pairings for half a second when it is imported, and py_ecc 8 raises the
interpreter's recursion limit to 100,000: a deep text of a stranger would then end the process
where it raises RecursionError today.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BLS12_381_ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
"""Order of the groups of BLS12-381 (draft-irtf-cfrg-pairing-friendly-curves, section 4.2.1)."""
_UNUSED: dict[str, dict[str, object]] = {
    "py_ecc.bls": {"G2ProofOfPossession": None},
    "py_ecc.bls12_381": {"curve_order": BLS12_381_ORDER},
}
"""Modules that are imported for their names alone, and the names."""


@contextmanager
def importing() -> Iterator[None]:
    """Import what brings py_ecc along, without its pairings.

    The recursion limit is afterwards what it was, and py_ecc is whole for whoever imports it.
    """
    limit = sys.getrecursionlimit()
    standing = [name for name in _UNUSED if name not in sys.modules]
    for name in standing:
        sys.modules[name] = ModuleType(name)
        vars(sys.modules[name]).update(_UNUSED[name])
    try:
        yield
    finally:
        for name in standing:
            sys.modules.pop(name, None)
        sys.setrecursionlimit(limit)
