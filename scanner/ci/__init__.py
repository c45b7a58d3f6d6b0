"""CI and deployment configuration: which secret a job uses, and when it runs. One module a system."""
