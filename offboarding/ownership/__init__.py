"""What is known of whose a credential is: facts looked up, and how they are weighed."""
