"""Reports of other scanners: read, and what they name found again in the repositories."""
