"""What may be done at once when somebody leaves, before the full plan: reversible, and approved in advance (ADR 22)."""
