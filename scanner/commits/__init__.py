"""History: who brought what, when, and what of it is reached today."""
