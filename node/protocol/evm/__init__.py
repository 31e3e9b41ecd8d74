"""What an EVM chain's bytes say, read without a chain library.

`abicodec`: contract data by type. `abi`: events, calls and errors of our contracts. `eip712`:
hashes of structs. `decision`: what officials sign. `blocks`: block headers and their receipts.
`rlp`: what those are encoded and hashed with.
"""
