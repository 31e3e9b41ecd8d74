"""The consumer's side of a call: sign, send, check, open, keep.

- `http`: signed requests of profile gdsl-1
- `trust`: what a client believes about a provider, and where it has that from
- `checks`: receipts and answers held against the call they are for
- `receiptfolder`: receipts on the disk before their answers are handed out
- `calls`: `LedgerClient`, queries and their upgraded receipts; `asynchronous`: the same, awaited
- `callfile`: `call.json`, what an application is given to call with
- `refused`: problem+json back into errors
- `deciding`: what a node prepared, checked before it is signed; `asking`: found again in it, what
  was asked; `pinning`: which system a node belongs to; `officehttp`: its office, asked over HTTP

Outside this repository it is the package `shareledger_client` (clients/python).
"""
