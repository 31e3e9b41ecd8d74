"""The data behind entries, one kind of place a module.

- `sql`: a table or view of any database SQLAlchemy speaks to
- `values`: database values to the JSON a consumer gets, filter values to a column's type
"""

from .sql import SqlSource

__all__ = ["SqlSource"]
