#!/bin/bash
# web3 8.0.0 takes any JSON-RPC error whose `data` is null for a revert of the contract.
#
# Input: an endpoint's ordinary error to `eth_call` that has nothing to do with a contract,
#   {"code": -32000, "message": "server is busy", "data": null}
# (JSON-RPC 2.0, 5.1: `data` may be left out; several servers write null instead).
# Expected: Web3RPCError, as for the same error without the member.
# Seen (Python 3.11, 2026-11-27):
#   without data: Web3RPCError
#   data is null: ContractLogicError: ('server is busy', None)
# So "ask again later" reads as "the contract refused". Our provider turns errors into ours first
# (node/chain/provider.py, DECISIONS 55). Ends with 0 while this is so, with 1 once it changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'web3==8.0.0'
"$folder/venv/bin/python" - <<'PYTHON'
import sys

from web3 import Web3
from web3.providers.base import BaseProvider

ERROR = {"code": -32000, "message": "server is busy"}


class Busy(BaseProvider):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def make_request(self, method, params):
        if method == "eth_chainId":  # web3 asks for it first
            return {"jsonrpc": "2.0", "id": 1, "result": "0x1"}
        return {"jsonrpc": "2.0", "id": 1, "error": self.error}


def seen(error):
    try:
        Web3(Busy(error)).eth.call({"to": "0x" + "11" * 20, "data": "0x"})
    except Exception as raised:  # whatever it is, its name is the finding
        return type(raised).__name__, str(raised)
    return "nothing", ""


plain, null = seen(ERROR), seen({**ERROR, "data": None})
print(f"without data: {plain[0]}")
print(f"data is null: {null[0]}: {null[1]}")
sys.exit((plain[0], null[0]) != ("Web3RPCError", "ContractLogicError"))
PYTHON
