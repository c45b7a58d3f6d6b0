"""Databases are tried on real servers, with the same questions as the contract test's: test_database.py."""

from tests.revokers.case import Arrange

CASES: dict[str, Arrange] = {}
NOT_ARRANGED = dict.fromkeys(
    ("database.postgres", "database.mysql", "database.redis", "database.role"),
    "real servers stand in for a simulator: see test_database.py",
)
