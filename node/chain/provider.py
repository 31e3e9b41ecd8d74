"""web3 over the transport of `jsonrpc`, for the code that creates a contract.

web3's own provider reads answers of any length and gives errors of its own. Through this one an
error response is an error of ours before web3 sees it (`reverts`: web3 takes any error that carries
`data: null` for a revert), and no middleware stands between: it would look up names, guess fees,
and refuse headers whose `extraData` holds seals. Importing web3 takes a second: import this late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .ethereum import importing
from .reverts import error_of

with importing():
    from web3 import Web3
    from web3.providers.base import BaseProvider

if TYPE_CHECKING:
    from web3.types import RPCEndpoint, RPCResponse

    from .jsonrpc import Endpoint


class _BoundedProvider(BaseProvider):
    # A contract's revert must not send this node to an address of the contract's choice (EIP-3668).
    global_ccip_read_enabled = False

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()
        self._endpoint = endpoint

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:  # noqa: ANN401 - JSON
        response = self._endpoint.call(method, *params)
        if "error" in response:
            raise error_of(method, response["error"])
        return {"jsonrpc": "2.0", "id": response["id"], "result": response["result"]}


def connect(endpoint: Endpoint) -> Web3:
    """Return web3 on an endpoint; its calls raise what `Endpoint.call` and `error_of` do."""
    return Web3(_BoundedProvider(endpoint), middleware=[])
