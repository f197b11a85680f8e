"""Gathers what files say, the first steps of every command: campaigns are found, loaded, checked and rendered."""

import collections
import functools
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gewe_runner import compose, errors, expand, find, load, render, validate, watch
from gewe_runner.expand import Extent
from gewe_runner.model import Assignment, Campaign, Message, Profile, Settings, Skip, Source
from gewe_runner.plan import allow, assign
from gewe_runner.plan.ids import Ids
from gewe_runner.problems import Problems
from gewe_runner.rules import policies
from gewe_runner.watch import Seen

#: The opt-out list beside gewe.yaml that always counts.
SUPPRESSED = "suppressed.csv"


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """A checked campaign and the profile that it is sent through."""

    campaign: Campaign
    profile: Profile
    settings: Settings


class Known:
    """The settings of campaigns, loaded and checked once for all campaigns that they hold for."""

    def __init__(self, problems: Problems) -> None:
        #: Those in a file.
        self.at = functools.cache(functools.partial(settings, problems=problems))
        self._files = functools.cache(find.settings)

    def of(self, campaign: Path) -> Settings:
        return self.at(self._files(campaign.parent))


def campaigns(paths: Sequence[Path]) -> list[Path]:
    """The campaign files, each sure to belong to a project: without one there is nothing to check it against."""
    files = find.campaigns(paths)
    for file in of_folders(files):
        find.settings(file)
    return files


def of_folders(files: Sequence[Path]) -> list[Path]:
    """The first file of each folder: what holds for one file of a folder, holds for all."""
    found: dict[str, Path] = {}
    for file in files:
        found.setdefault(os.path.dirname(file), file)  # noqa: PTH120 - as text, since there may be hundreds
    return list(found.values())


def load_one(
    file: Path, profile: str | None, of: Callable[[Path], Settings], names: find.Names, problems: Problems
) -> Loaded:
    """Load and check one campaign file with the settings it belongs to.

    Args:
        of: The settings of a campaign file, such as `Known` has them.
        names: What the project's campaigns are called.
    """
    own = of(file)
    chosen = choose(own, profile)
    document = compose.whole(load.document(file, find.shown(file), problems), own.project, problems)
    campaign = validate.campaign(document, own, chosen, problems)
    for other in names.namesakes(own.project, file, campaign.name):
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


def settings(path: Path, problems: Problems) -> Settings:
    """Load and check a settings file."""
    return validate.settings(load.document(path, find.shown(path), problems), problems)


def about(loaded: Loaded, extent: Extent) -> int | None:
    """About how many rows the recipients have."""
    return expand.about(expand.readable(loaded.campaign.recipients, extent, Problems()))


def messages(
    loaded: Loaded, ids: Ids, problems: Problems, extent: Extent, seen: Seen, shelf: expand.Shelf | None = None
) -> Iterator[Message | Skip]:
    """What every row of every list comes to: the steps from recipients to messages, lazily."""
    campaign = loaded.campaign
    assignments = _assignments(loaded, ids, problems, extent, seen, shelf)
    rendered = render.messages(campaign, loaded.profile, assignments, problems)
    return allow.allowed(rendered, campaign, problems) if policies.about_cards(campaign.policy) else rendered


def check(
    loaded: Loaded, ids: Ids, problems: Problems, extent: Extent, seen: Seen, shelf: expand.Shelf | None = None
) -> None:
    """Tell what `messages` tells; the messages themselves are made only for a policy that wants to see them."""
    if policies.about_cards(loaded.campaign.policy):
        collections.deque(messages(loaded, ids, problems, extent, seen, shelf), maxlen=0)
    else:
        assignments = _assignments(loaded, ids, problems, extent, seen, shelf)
        render.check(loaded.campaign, loaded.profile, assignments, problems)


def _assignments(
    loaded: Loaded, ids: Ids, problems: Problems, extent: Extent, seen: Seen, shelf: expand.Shelf | None
) -> Iterator[Assignment | Skip]:
    campaign, profile, project = loaded.campaign, loaded.profile, loaded.settings.project
    without = suppress(loaded)
    allow.suppression(campaign, without, problems)
    ids.suppress(expand.ids(expand.readable(without, extent, problems), project, problems))
    listed = expand.readable(campaign.recipients, extent, problems)
    recipients = watch.over(expand.recipients(listed, project, problems, shelf), seen)
    return assign.assign(campaign, profile, recipients, ids, problems)


def suppress(loaded: Loaded) -> list[Source]:
    """Every list of people who get nothing by the campaign."""
    return suppressions(loaded.campaign, loaded.profile, loaded.settings.project)


def suppressions(campaign: Campaign, profile: Profile, project: Path) -> list[Source]:
    """Every list of people who get nothing: the campaign's, the profile's and the project's."""
    listed = [*campaign.suppress, *profile.suppress]
    own = own_suppression(project)
    return listed if own is None else [*listed, own]


def own_suppression(project: Path) -> Source | None:
    """The opt-out list beside gewe.yaml, if it is there."""
    path = project / SUPPRESSED
    if not os.path.lexists(path):  # a link to nowhere must not mean that nobody opted out
        return None
    shown = find.shown(path)
    return Source(label=SUPPRESSED, name=shown, where=(), path=path, document=shown)
