"""The demonstration: a sample organisation and its local providers."""
