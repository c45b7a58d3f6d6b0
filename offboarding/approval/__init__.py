"""The yes to a plan, and who may give it."""
