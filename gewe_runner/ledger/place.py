"""Where a profile's ledger lies, as far as that can be told without a database, which takes long to load."""

import os
from collections.abc import Mapping
from pathlib import Path

from gewe_runner import errors
from gewe_runner.model import Profile


def own(profile: Profile, project: Path) -> Path:
    """The file of a ledger that no variable names."""
    return project / ".gewe" / f"{profile.name}.db"


def named(profile: Profile, environ: Mapping[str, str]) -> str:
    """The address that the profile's `ledger_env` holds.

    Raises:
        errors.AddressError: none.
    """
    if text := environ.get(profile.ledger_env or "", ""):
        return text
    raise errors.AddressError(
        f"the ledger's address is not set: profile {profile.name} takes it from ${profile.ledger_env}",
        hint=hint(profile),
    )


def hint(profile: Profile) -> str:
    """How to set the address."""
    return f"export {profile.ledger_env}=postgresql://user:password@host/database, or sqlite:////path"


def may_exist(profile: Profile, project: Path, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether there may be a ledger; to know it of one that a variable names, a database has to be asked.

    Raises:
        errors.AddressError: there should be an address, and is none.
    """
    if profile.ledger_env is not None:
        return bool(named(profile, environ))
    return is_something(own(profile, project))


def is_something(path: Path) -> bool:
    """Whether there is something to connect to; to connect would make the file."""
    return path.is_dir() or (path.is_file() and path.stat().st_size > 0)
