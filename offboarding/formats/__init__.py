"""The ledger in the forms that others read. Pure functions of events; docs/formats.md says what each holds."""
