"""offkey's rules in other programs."""
