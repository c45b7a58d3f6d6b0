"""What is in one object: texts hidden in texts, and the hits in them."""
