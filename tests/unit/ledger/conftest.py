"""The tests' PostgreSQL, for what is particular to a ledger in it."""

from tests.postgres import database, postgres

__all__ = ["database", "postgres"]
