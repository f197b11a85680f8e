"""The lock file beside a campaign: which plan of it is approved, in a form that is reviewed with the campaign."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gewe_runner import errors
from gewe_runner.plan import freeze

#: Raised when the file's shape or meaning changes.
_VERSION = 1

_ABOUT = "gewe-runner lock file: `send --locked` sends this plan only; written by `plan --lock`, reviewed, never edited"

#: A lock file is a screen long; what is larger is something else.
_LARGEST = 1024 * 1024


def place(campaign: Path) -> Path:
    """The lock file of a campaign file."""
    return campaign.with_suffix(".lock")


def text(plan: freeze.Plan) -> str:
    """The lock file of a plan: its digest and counts, and nobody's id; the same bytes for the same plan."""
    return json.dumps(_tree(plan), ensure_ascii=False, indent=2) + "\n"


def write(plan: freeze.Plan, path: Path) -> bool:
    """Write the lock file.

    Returns:
        False if it was there already, the same.

    Raises:
        errors.UsageError: it cannot be written.
    """
    new = text(plan).encode()
    try:
        if path.is_file() and path.read_bytes() == new:
            return False
        beside = path.with_name(f".{path.name}.new")
        beside.write_bytes(new)
        beside.replace(path)
    except OSError as error:
        raise errors.UsageError(f"{path} cannot be written: {error.strerror}") from error
    return True


def differences(plan: freeze.Plan, path: Path) -> list[str]:
    """What a lock file says otherwise than the plan, each in a few words; empty where the plan is the approved one.

    Raises:
        errors.NotApprovedError: there is none, or it is no lock file.
    """
    locked = dict(_flat(_read(path)))
    found = dict(_flat(_tree(plan)))
    names = [name for name in {**found, **locked} if found.get(name) != locked.get(name)]
    return [f"{_shown(name, 40)} {_shown(locked.get(name))} -> {_shown(found.get(name))}" for name in names]


def _tree(plan: freeze.Plan) -> dict[str, Any]:
    header = plan.header
    return {
        "about": _ABOUT,
        "version": _VERSION,
        "campaign": header["campaign"],
        "edition": header["edition"],
        "profile": header["profile"],
        "digest": plan.digest,
        **header["counts"],
    }


def _read(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_LARGEST))
    except FileNotFoundError as error:
        raise errors.NotApprovedError(f"there is no lock file {path.name}") from error
    except OSError as error:
        raise errors.NotApprovedError(f"{path.name} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise errors.NotApprovedError(f"{path.name} is no lock file") from error
    if not isinstance(found, dict):
        raise errors.NotApprovedError(f"{path.name} is no lock file")
    return found


def _flat(tree: Mapping[str, Any], name: str = "") -> Iterator[tuple[str, Any]]:
    """The values by dotted name."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{name}{key}.")
        else:
            yield f"{name}{key}", value


def _shown(value: Any, most: int = 16) -> str:
    """A value on a few printable characters: what was written by hand may be anything."""
    if value is None:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value)
    plain = "".join(letter if letter.isprintable() else "?" for letter in text[: most + 1])
    return plain if len(text) <= most else f"{plain[: most - 4]}..."
