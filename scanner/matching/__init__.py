"""Which rules fit a text, and how rules are made quick."""
