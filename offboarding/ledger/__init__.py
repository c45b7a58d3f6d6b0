"""The record of what was done, and whether it is whole."""
