"""A department's side of the ledger; the lower half (errors to client) is the SDK.

Layers, each importing only from those below: decisions, service, anchoring; documents; log, chain,
client; protocol; crypto; errors, store. `pyproject.toml` ([tool.importlinter]) holds them.
"""
