#!/bin/bash
# Importing eth-account 0.14.0 loads py_ecc's BLS12-381 pairings, which compute at import time.
#
# Input: `import eth_account`, nothing else; a secp256k1 account needs no pairing.
# Expected: no BLS code is run. Why it is: eth_account.account -> eth_keyfile.keyfile -> py_ecc.bls.
# Seen (Python 3.11, py-ecc 8.0.0, two loaded cores, 2026-11-27):
#   py_ecc.optimized_bls12_381.optimized_pairing loaded; eth_keyfile is 1.19 s of 1.42 s
# So the command line and the verifier import it at first use only (DECISIONS 55).
# Ends with 0 while it is loaded and most of the import's time is eth_keyfile's, with 1 otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'eth-account==0.14.0' 'py-ecc==8.0.0'
"$folder/venv/bin/python" -c 'import eth_account'  # once, for the bytecode
"$folder/venv/bin/python" -X importtime -c 'import eth_account' 2>"$folder/times"
"$folder/venv/bin/python" - "$folder/times" <<'PYTHON'
import sys

spent = {}
for line in open(sys.argv[1]):
    parts = line.removeprefix("import time:").split("|")
    if len(parts) == 3 and parts[1].strip().isdigit():
        spent[parts[2].strip()] = int(parts[1]) / 1e6

pairing = "py_ecc.optimized_bls12_381.optimized_pairing"
whole, keyfile = spent["eth_account"], spent.get("eth_keyfile", 0)
print(f"{pairing} {'loaded' if pairing in spent else 'not loaded'}; ", end="")
print(f"eth_keyfile is {keyfile:.2f} s of {whole:.2f} s")
sys.exit(pairing not in spent or keyfile < whole / 2)
PYTHON
