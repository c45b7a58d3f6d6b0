"""What would be done, worked out without doing anything."""
