"""The tests' PostgreSQL, for what is particular to a ledger in it."""

from tests.laid import laid, laid_url
from tests.postgres import database, postgres

__all__ = ["database", "laid", "laid_url", "postgres"]
