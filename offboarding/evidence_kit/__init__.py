"""What goes into every evidence folder as it is: the verifier, which needs nothing but Python's standard library."""
