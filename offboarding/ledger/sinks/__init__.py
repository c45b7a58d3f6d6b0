"""Where checkpoints are kept that the ledger's host cannot take back. Each kind is a module with `put` and `kept`."""
