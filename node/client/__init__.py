"""The consumer's side of a call: sign, send, check, open.

- `http`: signed requests of profile gdsl-1, and problem+json back into errors
- `trust`: what a client believes about a provider, and where it has that from
- `checks`: receipts and answers held against the call they are for
- `calls`: `LedgerClient`, queries and their upgraded receipts
"""
