"""`offkey.toml`, what it names, and whether it works."""
