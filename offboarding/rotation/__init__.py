"""Puts successors of shared credentials into secret stores, and ends the old ones once nobody uses them (ADR 17)."""
