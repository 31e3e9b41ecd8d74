"""The embedded chain: an EVM for one machine that loses nothing it has answered.

chain: the whole as one object. service: JSON-RPC as clients see it. methods: which methods exist.
sealer: the one writer, from transaction to committed block. admission: what may be queued. shares:
whose turn it is. gate: readers together, the writer alone. store: blocks on disk. replay: stored
blocks give the same hashes. anvil: the EVM process. rpc: JSON-RPC messages.
"""

from .chain import EmbeddedChain
from .service import BODY_BYTES

__all__ = ["BODY_BYTES", "EmbeddedChain"]
