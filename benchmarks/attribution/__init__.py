"""Who introduced a secret: repositories of which it is known, and what offkey and its peers say of them."""
