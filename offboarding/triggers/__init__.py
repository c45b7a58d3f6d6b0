"""Where a run begins: what personnel systems and people hand in. Each module makes Triggers of one form."""
