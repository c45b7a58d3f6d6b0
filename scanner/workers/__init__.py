"""How a scan is shared out over processes, and what is remembered from one to the next."""
