"""The bytes that cross a wire (protocol.md sections 1, 2.1 and 4 to 6).

`ids`: identifiers. `items`: bitmaps of a version's items. `canonical`: canonical JSON. `encoding`:
base64url and hex. `characters`: those nobody sees. `days`: Beijing days. `signedcall`: profile
gdsl-1 of signed HTTP calls. `envelope`: sealed answers. `leaf`: one logged use. `merkle`: tree
hashes and proofs. `checkpoint`: signed size and root of a log. `receipt`: what a client keeps
of a call. `trustfile`: what a verifier takes for granted.
"""
