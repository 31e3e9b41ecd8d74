"""The chain's headers from its first block on, each joined to the one before by its hash.

What is read this way needs no trust in the endpoint beyond the last block's hash: each header
hashes to what the endpoint calls it, and names the one before. Chains that hash their headers
otherwise (see `gateway`) cannot be read so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ChainInconsistent
from ..protocol.evm import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .gateway import Gateway

HEADERS_AT_ONCE = 500


def read_headers(gateway: Gateway, last: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield hash and encoding of the headers of blocks 0 to `last`, in order.

    Raises:
        ChainUnavailable: the endpoint does not answer, or has no such block.
        ChainInconsistent: a header does not hash to its hash, or does not follow the one before.
    """
    before: bytes | None = None
    for first in range(0, last + 1, HEADERS_AT_ONCE):
        for header in gateway.headers(first, min(first + HEADERS_AT_ONCE - 1, last)):
            encoded = blocks.encode_header(header.raw)
            if blocks.header_hash(encoded) != header.hash:
                raise ChainInconsistent(
                    f"block {header.number} does not hash to its hash", block=header.number
                )
            if before is not None and header.parent_hash != before:
                raise ChainInconsistent(
                    f"block {header.number} does not follow the block before", block=header.number
                )
            before = header.hash
            yield header.hash, encoded
