"""web3 and eth-account, imported without what their import does to the whole process.

eth-keyfile imports py_ecc for a kind of key files that nobody here has, and py_ecc 8 raises the
interpreter's recursion limit to 100,000: a deep text of a stranger would then end the process
where it raises RecursionError today. Importing them takes a second: import this late.
"""

from __future__ import annotations

import sys

_LIMIT = sys.getrecursionlimit()
try:
    from eth_account import Account
    from web3 import Web3
    from web3.exceptions import TransactionNotFound, Web3Exception
    from web3.providers.base import BaseProvider
finally:
    sys.setrecursionlimit(_LIMIT)

__all__ = ["Account", "BaseProvider", "TransactionNotFound", "Web3", "Web3Exception"]
