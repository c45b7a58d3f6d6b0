"""Doing what was approved, and proving it."""
