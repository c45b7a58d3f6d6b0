"""A repository and what lies about it: how git is started, and which of its files are read without it."""
