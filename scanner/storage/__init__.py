"""Objects as git keeps them: packs, deltas, loose files, compressed streams."""
