"""What providers and secret stores answer before a plan is made."""
