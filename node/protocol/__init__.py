"""The bytes that cross a wire, and value types; pure, and together with `crypto` the SDK.

`canonical`: canonical JSON. `encoding`: base64url and hex. `ids`: identifiers. `items`: item
bitmaps. `enums`: enumerations. `facts`: facts of the ledger as plain values. `merkle`: tree
hashing and proofs. `checkpoint`: signed size and root of a log. `callbase`: the text a call
signs. `signedcall`: profile gdsl-1 of signed HTTP calls. `envelope`: sealed answers. `leaf`: one
logged call. `receipt`: what a client keeps of it. `abicodec`: contract data by type. `abi`:
events, calls and errors of our contracts. `eip712`: hashes of structs. `decision`: what officials
sign. `documents`: the papers behind decisions. `blocks`: block headers and their receipts.
`rlp`, `trie`: what those are encoded and hashed with. `words`: what people read for numbers.
`evidence`: bundles that prove a call offline. `trust`: what a verifier takes for granted.
"""
