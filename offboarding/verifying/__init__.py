"""Is it still so? Checks of runs that were carried out, on a schedule."""
