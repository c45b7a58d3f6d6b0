"""The gate before a commit or a deployment: nothing of a departed person's may ship (docs/gate.md, ADR 27)."""
