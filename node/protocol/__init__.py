"""Pure: no I/O, no server library. What a client, a verifier, another implementation needs.

`wire`: the bytes that cross a wire. `evm`: the chain's bytes. `forms`: the papers behind decisions.
`ledger`: the rules. `evidence`: bundles that prove a call offline.
"""
