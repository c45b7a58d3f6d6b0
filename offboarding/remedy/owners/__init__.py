"""Takes a person out of the files that say who is in charge. Nothing here is sent anywhere (ADR 28)."""
