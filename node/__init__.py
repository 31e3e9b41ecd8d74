"""A department's side of the ledger; the lower half (errors to client) is the SDK.

Layers, each importing only from those below: office, service, anchoring; documents; log, chain,
client; storage; protocol; crypto; errors. `pyproject.toml` ([tool.importlinter]) holds them.
"""
