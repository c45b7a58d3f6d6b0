"""Ground floor of offkey: the vocabulary and the gates that every other layer uses. Imports none of ours."""

__version__ = "0.1.0"
