"""The development corpus of detection, and its scoring."""
