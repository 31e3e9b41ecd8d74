"""The data behind entries, one kind of place a module.

- `sql`: a table or view of any database SQLAlchemy speaks to
- `fitness`: is it fit for its entry? asked when a node starts and by `node check`
- `connecting`: a connection that reads, in one dress, for so long; `kingbase`, `dameng`: dialects
- `comparing`: how a column is read and compared, alike on every engine
- `values`: database values to the JSON a consumer gets, filter values to a column's kind
"""

from .sql import SqlSource

__all__ = ["SqlSource"]
