"""DM8 (达梦) by the dialect its maker ships, dmSQLAlchemy 2.0.17.

Its package imports its asynchronous half at once, which needs names that SQLAlchemy 2.1 no longer
has, and so fails to be imported at all (`findings/dmsqlalchemy-fails-with-sqlalchemy-2-1.sh`).
Nothing here is asynchronous: that half is left out.
"""

from __future__ import annotations

import sys
from types import ModuleType

_ASYNCHRONOUS = "dmSQLAlchemy.dmasync"
if _ASYNCHRONOUS not in sys.modules:
    left_out = ModuleType(_ASYNCHRONOUS)
    left_out.dialect_async = None  # type: ignore[attr-defined]
    sys.modules[_ASYNCHRONOUS] = left_out

from dmSQLAlchemy.dmpython import DMDialect_dmPython as DialectDameng  # noqa: E402 - see above

__all__ = ["DialectDameng"]
