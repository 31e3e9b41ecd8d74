"""The JSON-RPC methods the embedded chain answers, and where each names a block.

An allow-list: what is not here does not exist for clients. Never `anvil_*`, `evm_*`, `debug_*`
or `eth_sendTransaction`: each would let a reader change the chain or the node hold keys.
"""

from __future__ import annotations

from typing import Final

FORWARDED: Final[dict[str, int | None]] = {
    "eth_accounts": None,
    "eth_blobBaseFee": None,
    "eth_call": 1,
    "eth_estimateGas": 1,
    "eth_feeHistory": 1,
    "eth_gasPrice": None,
    "eth_getBalance": 1,
    "eth_getBlockByHash": None,
    "eth_getBlockByNumber": 0,
    "eth_getBlockReceipts": 0,
    "eth_getBlockTransactionCountByHash": None,
    "eth_getBlockTransactionCountByNumber": 0,
    "eth_getCode": 1,
    "eth_getLogs": None,
    "eth_getStorageAt": 2,
    "eth_getTransactionByBlockHashAndIndex": None,
    "eth_getTransactionByBlockNumberAndIndex": 0,
    "eth_getTransactionByHash": None,
    "eth_getTransactionCount": 1,
    "eth_getTransactionReceipt": None,
    "eth_maxPriorityFeePerGas": None,
    "eth_syncing": None,
    "net_listening": None,
    "web3_sha3": None,
}
"""Methods passed on to the EVM, with the position of their block parameter."""

TIMED = frozenset({"eth_call", "eth_estimateGas"})
"""Methods that run code, and so need to be told the time."""

LATEST_TAGS = frozenset({"latest", "pending", "safe", "finalized"})
"""Four names for one block: what is sealed is final and nothing is pending."""
