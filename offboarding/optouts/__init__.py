"""Opt-outs: what of a person's access stays for a while, on whose word, and until when."""
