"""The ledger over HTTP, the command line and the demo; `app` is the composition root."""
