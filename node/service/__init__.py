"""Serving one call: verify, authorise, fetch, mask, seal, log, answer (design.md section 6).

- `needs`: what is needed from other layers, as Protocols
- `request`: strict reading of a query's body
- `authorise`: what a call may have, beyond the ledger's judgement; pure
- `masking`: rows as they are handed out, and the mask rules
- `sources/`: the data behind entries
- `seals`: page cursors and requests at rest, sealed by the node for itself; the keys of answers
- `caller`: who signed a request, and the second it is judged at
- `workers`: threads that judge calls, what the caller gets, and the way back to the loop
- `serve`: the hops of a call in their order
- `opendata`: downloads of open entries; `previews`: a provider's look at its own masked rows
"""
