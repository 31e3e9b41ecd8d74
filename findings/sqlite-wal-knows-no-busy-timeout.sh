#!/bin/bash
# SQLite 3.53.4 does not wait for `PRAGMA journal_mode=WAL` on a new database, whatever busy_timeout.
#
# Input: two connections to a database that has no WAL yet, each with a busy timeout of 5 s; one is
# in its first transaction, the other asks for the WAL, as each of two processes does that open a
# new database at once.
# Expected: it waits up to 5 s, as BEGIN IMMEDIATE in its place does.
# Why it is: the pragma reads the header first; who holds that lock and wants more is not made to
# wait, for the other might wait for it (sqlite.org/c3ref/busy_handler.html: a handler "does not
# guarantee that it will be invoked").
# Seen (apsw 3.53.4.0, 2026-11-29):
#   BEGIN IMMEDIATE: BusyError after 5.0 s
#   PRAGMA journal_mode=WAL: BusyError after 0.0 s
# So whoever opens a database asks again itself (node/storage/engines.py).
# Ends with 0 while the pragma does not wait, with 1 otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'apsw==3.53.4.0'
"$folder/venv/bin/python" - "$folder/new.db" <<'PYTHON'
import sys
import time

import apsw

TIMEOUT_SECONDS = 5.0
path = sys.argv[1]


def waited(connection, statement):
    begun = time.monotonic()
    try:
        connection.execute(statement)
    except apsw.BusyError as error:
        return time.monotonic() - begun, type(error).__name__
    return time.monotonic() - begun, "done"


first, second = apsw.Connection(path), apsw.Connection(path)
second.set_busy_timeout(int(TIMEOUT_SECONDS * 1000))
first.execute("BEGIN IMMEDIATE")
first.execute("CREATE TABLE t (x)")
found = {}
for statement in ("BEGIN IMMEDIATE", "PRAGMA journal_mode=WAL"):
    found[statement] = waited(second, statement)
    seconds, said = found[statement]
    print(f"{statement}: {said} after {seconds:.1f} s")
(queued, _), (refused, said) = found.values()
sys.exit(not (queued > TIMEOUT_SECONDS / 2 and said == "BusyError" and refused < 1))
PYTHON
