#!/bin/bash
# fsspec 2026.9.0: a transaction on local files commits by copying where the temporary folder is
# another disk, so that what cannot be copied whole lies half under the final name.
#
# Input: a file of 1 MiB written within `fs.transaction` to a folder on another file system than the
#   temporary one (/dev/shm and a folder in the working directory), and a limit of half of that on
#   what one may write at the moment of the commit, as a disk that fills up sets one.
# Expected: the whole file or none ("deferred commit or discard", as the transaction says of itself);
#   a rename beside its place writes nothing that could fail half-way.
# Seen (Python 3.11, 2026-11-28):
#   same file system: 1048576 bytes
#   another file system: OSError File too large; 524288 bytes under the final name
# The temporary file is made by `tempfile.mkstemp()`, not beside its place, and moved by
# `shutil.move`, which copies where it cannot rename. Nothing is synced either way. Ours writes
# beside, syncs and renames (node/log/tilestore.py, DECISIONS 175).
# Ends with 0 while this is so, with 1 once it changed.
set -euo pipefail
folder=$(mktemp -d)
other=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$folder" "$other"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'fsspec==2026.9.0'
"$folder/venv/bin/python" - "$folder" "$other" <<'PYTHON'
import resource
import signal
import sys
import tempfile
from pathlib import Path

import fsspec

SIZE = 1 << 20
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the error instead of the signal


def commit(temporary: str, target: str) -> tuple[str, int]:
    """Return what a commit raised, and how much lies under the final name."""
    tempfile.tempdir = temporary
    path, files = Path(target) / "tile", fsspec.filesystem("file", skip_instance_cache=True)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    said = ""
    try:
        with files.transaction:
            with files.open(str(path), "wb") as file:
                file.write(b"x" * SIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE // 2, hard))
    except OSError as error:
        said = f"{type(error).__name__} {error.strerror}; "
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    return said, path.stat().st_size if path.exists() else 0


folder, other = sys.argv[1:]
same = commit(other, other)
print(f"same file system: {same[0]}{same[1]} bytes")
(Path(other) / "tile").unlink()
across = commit(folder, other)
print(f"another file system: {across[0]}{across[1]} bytes under the final name")
sys.exit((same, across[1]) != (("", SIZE), SIZE // 2))
PYTHON
