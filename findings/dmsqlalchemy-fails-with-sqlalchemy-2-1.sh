#!/bin/bash
# dmSQLAlchemy 2.0.17 cannot be imported with SQLAlchemy 2.1, which its metadata and page allow.
#
# Input: `import dmSQLAlchemy`, with dmPython 2.6.1 installed and no server.
# Expected: it imports. It requires `sqlalchemy>1.4.54` and says it fits "all versions from 2.0 on".
# Seen (Python 3.11, 2026-11-28):
#   SQLAlchemy 2.0.46: imported
#   SQLAlchemy 2.1.9: cannot import name 'await_fallback' from 'sqlalchemy.util'
# From SQLAlchemy 2.0.23 on the package imports its asynchronous half at once, and that needs names
# SQLAlchemy 2.1 has removed. A second import in the same process succeeds, since the first left the
# submodules behind. Ours leaves that half out (node/service/sources/dameng.py).
# Ends with 0 while this is so, with 1 once it changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
try() {
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    "SQLAlchemy==$1" 'dmPython==2.6.1' 'dmSQLAlchemy==2.0.17'
  "$folder/venv/bin/python" -c '
import sqlalchemy
try:
    import dmSQLAlchemy
    said = "imported"
except ImportError as error:
    said = str(error).partition(" (")[0]
print(f"SQLAlchemy {sqlalchemy.__version__}: {said}")'
}
old=$(try 2.0.46)
new=$(try 2.1.9)
printf '%s\n%s\n' "$old" "$new"
[ "$old" = "SQLAlchemy 2.0.46: imported" ]
[ "$new" = "SQLAlchemy 2.1.9: cannot import name 'await_fallback' from 'sqlalchemy.util'" ]
