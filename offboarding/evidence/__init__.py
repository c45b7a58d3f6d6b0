"""What an auditor gets, and whether everything is still dead."""
