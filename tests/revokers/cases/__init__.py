"""One module a provider: CASES, and NOT_ARRANGED for kinds that no local provider can be asked about, with why."""
