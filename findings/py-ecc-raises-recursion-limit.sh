#!/bin/bash
# Importing py_ecc 8.0.0, as eth-account does, raises the recursion limit of the whole interpreter.
#
# Input: `import eth_account`, nothing else.
# Expected: an import leaves the interpreter's settings alone. Why it does not: eth_keyfile imports
#   py_ecc.bls, and py_ecc/__init__.py calls sys.setrecursionlimit(max(100000, ...)), so that every
#   other part of the process loses Python's own guard against too deep a recursion.
# Seen (Python 3.11, eth-account 0.14.0, py-ecc 8.0.0, 2026-11-27):
#   recursion limit 1000 before, 100000 after
# So web3 and eth-account are imported through one door that sets it back (DECISIONS 55).
# Ends with 0 while the import raises the limit, with 1 otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'eth-account==0.14.0' 'py-ecc==8.0.0'
"$folder/venv/bin/python" - <<'PYTHON'
import sys

before = sys.getrecursionlimit()
import eth_account

after = sys.getrecursionlimit()
print(f"recursion limit {before} before, {after} after")
sys.exit(after <= before)
PYTHON
