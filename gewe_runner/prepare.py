"""The first half of every command: campaign files are found, loaded, checked, rendered and frozen into plans."""

import contextlib
import functools
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gewe_runner import errors, expand, find, load, provenance, render, validate
from gewe_runner.model import Assignment, Campaign, Message, Profile, Settings, Skip, Source
from gewe_runner.plan import assign, check, freeze
from gewe_runner.plan.ids import Ids
from gewe_runner.problems import Problems

#: The opt-out list beside gewe.yaml that always counts.
SUPPRESSED = "suppressed.csv"


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """A checked campaign and the profile that it is sent through."""

    campaign: Campaign
    profile: Profile
    settings: Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """A campaign whose messages are frozen."""

    campaign: Campaign
    profile: Profile
    #: The folder of gewe.yaml.
    project: Path
    plan: freeze.Plan


def check_all(paths: Sequence[Path], profile: str | None, problems: Problems) -> int:
    """Add every problem of the files and of what they lead to; the number of campaigns that were looked at."""
    known = functools.cache(functools.partial(settings, problems=problems))
    for path in (one for one in paths if one.name == find.SETTINGS):
        known(path.absolute())
    files = _campaigns([one for one in paths if one.name != find.SETTINGS])
    for file in files:
        with contextlib.suppress(errors.InvalidError), Ids() as ids:
            loaded = load_one(file, profile, known, problems)
            for _ in messages(loaded, ids, problems):
                pass
    return len(files)


def plan_all(paths: Sequence[Path], profile: str | None, folder: Path, problems: Problems) -> list[Planned]:
    """Plan every campaign; nothing is handed back unless all of them are free of errors.

    Args:
        folder: Where the frozen lines may lie as long as the plans are used.

    Raises:
        errors.InvalidError: with the reasons in `problems`.
    """
    known = functools.cache(functools.partial(settings, problems=problems))
    loaded = []
    for file in _campaigns(paths):
        with contextlib.suppress(errors.InvalidError):
            loaded.append(load_one(file, profile, known, problems))
    if len({one.settings.project for one in loaded}) > 1:
        raise errors.UsageError("the campaigns belong to different projects (each has a gewe.yaml of its own)")
    planned = []
    for number, one in enumerate(loaded):
        with contextlib.suppress(errors.InvalidError):
            planned.append(_plan(one, folder / f"{number}.jsonl", problems))
    problems.raise_errors()
    return planned


def messages(loaded: Loaded, ids: Ids, problems: Problems) -> Iterator[Message | Skip]:
    """What every row of every list comes to: the steps from recipients to messages, lazily."""
    campaign, profile, project = loaded.campaign, loaded.profile, loaded.settings.project
    ids.suppress(expand.ids(suppressions(loaded), project, problems))
    recipients = expand.recipients(campaign.recipients, project, problems)
    assignments: Iterable[Assignment | Skip] = assign.assign(campaign, profile, recipients, ids, problems)
    return render.messages(campaign, profile, assignments, problems)


def suppressions(loaded: Loaded) -> list[Source]:
    """Every list of people who get nothing: the campaign's, the profile's and the project's."""
    listed = [*loaded.campaign.suppress, *loaded.profile.suppress]
    own = loaded.settings.project / SUPPRESSED
    if os.path.lexists(own):  # a link to nowhere must not mean that nobody opted out
        shown = find.shown(own)
        listed.append(Source(label=SUPPRESSED, name=shown, where=(), path=own, document=shown))
    return listed


def load_one(file: Path, profile: str | None, known: Callable[[Path], Settings], problems: Problems) -> Loaded:
    """Load and check one campaign file with the settings it belongs to."""
    own = known(find.settings(file))
    chosen = choose(own, profile)
    document = load.document(file, find.shown(file), problems)
    campaign = validate.campaign(document, own, chosen, problems)
    for other in find.namesakes(own.project, file, campaign.name):
        validate.namesake(document, campaign, find.shown(other), problems)
    return Loaded(campaign=campaign, profile=chosen, settings=own)


def choose(settings: Settings, profile: str | None) -> Profile:
    """The profile that was asked for, else the default one, else the only one.

    Raises:
        errors.UsageError: it does not exist, or it is not clear which.
    """
    names = ", ".join(settings.profiles)
    name = profile or settings.default_profile or (names if len(settings.profiles) == 1 else None)
    if name is None:
        raise errors.UsageError(f"{settings.name} has several profiles", hint=f"--profile NAME with one of {names}")
    if name not in settings.profiles:
        raise errors.UsageError(f"{settings.name} has no profile {name!r}", hint=f"it has {names}")
    return settings.profiles[name]


def now() -> int:
    """UTC epoch milliseconds."""
    return time.time_ns() // 1_000_000


def settings(path: Path, problems: Problems) -> Settings:
    """Load and check a settings file."""
    return validate.settings(load.document(path, find.shown(path), problems), problems)


def _campaigns(paths: Sequence[Path]) -> list[Path]:
    """The campaign files, each sure to belong to a project: without one there is nothing to check it against."""
    files = find.campaigns(paths)
    for file in files:
        find.settings(file)
    return files


def _plan(loaded: Loaded, path: Path, problems: Problems) -> Planned:
    campaign, profile = loaded.campaign, loaded.profile
    covers = check.Covers()
    before = problems.errors
    with Ids() as ids:
        items = covers.over(messages(loaded, ids, problems))
        frozen = freeze.freeze(campaign, profile, items, path, _made(loaded))
    if problems.errors == before:
        finish = check.forecast(campaign, profile, frozen.devices, now()).finish
        check.check(campaign, profile, frozen, covers, finish, problems)
    return Planned(campaign=campaign, profile=profile, project=loaded.settings.project, plan=frozen)


def _made(loaded: Loaded) -> dict[str, object]:
    campaign, project = loaded.campaign, loaded.settings.project
    files = {source.label: source.path for source in (*campaign.recipients, *suppressions(loaded)) if source.path}
    files[campaign.path.relative_to(project).as_posix()] = campaign.path
    files[find.SETTINGS] = project / find.SETTINGS
    return provenance.made(project, files)
