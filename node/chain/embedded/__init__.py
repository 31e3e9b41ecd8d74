"""The embedded chain: an EVM for one machine that loses nothing it has answered.

service: the whole as one object, JSON-RPC as clients see it. methods: which methods exist, and
their messages. sealer: the one writer, from transaction to committed block. admission: what may be
queued. turns: whose turn it is. stored: blocks on disk, and their replay. anvil: the EVM process.
"""

from .service import BODY_BYTES, EmbeddedChain

__all__ = ["BODY_BYTES", "EmbeddedChain"]
