"""The rules of the ledger: what a decision may do, and what a call may have."""
