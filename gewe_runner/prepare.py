"""The first half of every command that sends: what campaign files say is frozen into plans, or plans are read again."""

import array
import contextlib
import functools
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gewe_runner import errors, expand, find, gather, provenance, watch
from gewe_runner.expand import Extent
from gewe_runner.gather import Loaded
from gewe_runner.model import Campaign, Level, Message, Profile, Reason, Settings, Skip, Source
from gewe_runner.plan import allow, check, files, freeze, lock
from gewe_runner.plan.ids import Ids
from gewe_runner.problems import Problems
from gewe_runner.rules import plans
from gewe_runner.validate import plans as headers
from gewe_runner.watch import Seen, Watch


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """A campaign whose messages are frozen."""

    campaign: Campaign
    profile: Profile
    #: The folder of gewe.yaml.
    project: Path
    plan: freeze.Plan
    #: The lists of people who get nothing; read again whenever a run starts.
    suppress: Sequence[Source] = ()
    #: The lists that were not read, by their labels: the plan lacks what stands in them.
    unread: Sequence[str] = ()
    #: The `seq` of messages to people who were suppressed after the plan was made, ascending.
    withdrawn: Sequence[int] = ()

    def lines(self) -> Iterator[Message | Skip]:
        """The plan's lines, with a skip for every message that is withdrawn."""
        withdrawn = iter(self.withdrawn)
        next_one = next(withdrawn, None)
        for line in self.plan.lines():
            if isinstance(line, Message) and line.seq == next_one:
                next_one = next(withdrawn, None)
                yield Skip(to_wxid=line.to_wxid, source=line.source, row=line.row, reason=Reason.SUPPRESSED)
            else:
                yield line


def planned(
    paths: Sequence[Path],
    plan: Path | None,
    profile: str | None,
    folder: Path,
    problems: Problems,
    watched: Watch = watch.nobody,
) -> Sequence[Planned]:
    """The plans of campaigns, or the one of a plan file if there is one; see `plan_all` and `from_file`."""
    if plan is not None:
        return [from_file(plan, profile, folder, problems, watched)]
    return plan_all(paths, profile, folder, problems, watched=watched)


def plan_all(
    paths: Sequence[Path],
    profile: str | None,
    folder: Path,
    problems: Problems,
    extent: Extent = Extent.ALL,
    watched: Watch = watch.nobody,
) -> list[Planned]:
    """Plan every campaign; nothing is handed back unless all of them are free of errors.

    Args:
        folder: Where the frozen lines may lie as long as the plans are used.

    Raises:
        errors.InvalidError: with the reasons in `problems`.
    """
    known, names = gather.Known(problems), find.Names()
    loaded = []
    for file in gather.campaigns(paths):
        with contextlib.suppress(errors.InvalidError):
            loaded.append(gather.load_one(file, profile, known.of, names, problems))
    if len({one.settings.project for one in loaded}) > 1:
        raise errors.UsageError("the campaigns belong to different projects (each has a gewe.yaml of its own)")
    planned = []
    for number, one in enumerate(loaded):
        with contextlib.suppress(errors.InvalidError):
            what, path = f"planning {one.campaign.name}", folder / f"{number}.jsonl"
            with watched(what, functools.partial(gather.about, one, extent)) as seen:
                planned.append(_plan(one, path, problems, extent, seen))
    problems.raise_errors()
    return planned


def plan_file(path: Path, into: Path, watched: Watch = watch.nobody) -> freeze.Plan:
    """The plan in a file, verified.

    Args:
        into: Takes its lines.

    Raises:
        errors.NotApprovedError: it is no plan, was altered, or is a redacted copy.
        errors.UsageError: it cannot be read.
    """
    with watched(f"reading {find.shown(path)}", lambda: None) as seen:
        plan = files.read(path, into, seen)
    if fault := headers.fault(plan.header):
        raise errors.NotApprovedError(f"{path}: in the header {fault}; nothing was sent")
    return plan


def from_file(
    path: Path, profile: str | None, folder: Path, problems: Problems, watched: Watch = watch.nobody
) -> Planned:
    """A plan that was made before, for the project that its file lies in, else the working directory.

    Raises:
        errors.NotApprovedError: as `plan_file`.
        errors.InvalidError: it was made for another profile, or cannot be sent, with the reasons in `problems`.
    """
    own = gather.settings(_settings_of(path), problems)
    chosen = gather.choose(own, profile)
    plan = plan_file(path, folder / "0.jsonl", watched)
    if plan.header["profile"] != chosen.name:
        raise errors.InvalidError(
            f"{path} was made for profile {plan.header['profile']}, not for {chosen.name}; nothing was sent",
            hint=f"if that is right, say --profile {plan.header['profile']}",
        )
    campaign = replace(files.campaign(plan, path, find.shown(path), own.project), policy=chosen.policy)
    planned = Planned(campaign=campaign, profile=chosen, project=own.project, plan=plan)
    _tell_changes(planned, problems)
    campaign = _as_of_today(planned, own, problems)
    planned = replace(planned, campaign=campaign, suppress=gather.suppressions(campaign, chosen, own.project))
    with watched("checking the plan", lambda: plan.messages) as seen:
        return replace(planned, withdrawn=_withdrawn(planned, problems, seen))


def compare_locks(planned: Iterable[Planned]) -> None:
    """Hold each plan against the lock file beside its campaign.

    Raises:
        errors.NotApprovedError: one is missing or says something else; all of these are named.
    """
    faults, wanted = [], []
    for one in planned:
        file = campaign_file(one) or one.campaign.path
        path = lock.place(file)
        try:
            if differences := lock.differences(one.plan, path):
                faults.append(f"the plan is not the one of {find.shown(path)}: {', '.join(differences[:8])}")
                wanted.append(find.shown(file))
        except errors.NotApprovedError as error:
            faults.append(error.message)
            wanted.append(find.shown(file))
    if faults:
        hint = f"look at the plan; if it is right: gewe-runner plan {' '.join(wanted)} --lock --profile "
        raise errors.NotApprovedError("; ".join(faults) + "; nothing was sent", hint=hint + one.profile.name)


def campaign_file(planned: Planned) -> Path | None:
    """The campaign file that a plan was made of, also of a plan that comes from a file; it may be gone by now."""
    made = planned.plan.header["made"]
    labels = made["sources"]
    if made.get("campaign") in labels:
        return planned.project / str(made["campaign"])
    ours = (label for label in labels if label != find.SETTINGS and label.endswith(find.SUFFIXES))
    return next((planned.project / label for label in ours), None)


def suppressed(planned: Planned) -> Iterator[str]:
    """The ids of all who get nothing, read anew.

    Raises:
        errors.InvalidError: a list cannot be read, after what could be.
    """
    problems = Problems()
    yield from expand.ids(planned.suppress, planned.project, problems)
    for problem in problems:
        if problem.level is Level.ERROR:
            raise errors.InvalidError(f"{problem.path}: {problem.message}; nothing was sent")


def now() -> int:
    """UTC epoch milliseconds."""
    return time.time_ns() // 1_000_000


def _plan(loaded: Loaded, path: Path, problems: Problems, extent: Extent, seen: Seen) -> Planned:
    campaign, profile = loaded.campaign, loaded.profile
    covers = check.Covers()
    before = problems.met
    with Ids() as ids:
        items = covers.over(gather.messages(loaded, ids, problems, extent, seen))
        frozen = freeze.freeze(campaign, profile, items, path, made(loaded))
    sound = problems.met == before
    suppress = gather.suppress(loaded)
    listed = [*campaign.recipients, *suppress]
    read = expand.readable(listed, extent, problems)
    if sound:
        finish = check.forecast(campaign, profile, frozen.devices, now()).finish
        check.check(campaign, frozen, covers, finish, problems, whole=len(read) == len(listed))
    return Planned(
        campaign=campaign,
        profile=profile,
        project=loaded.settings.project,
        plan=frozen,
        suppress=suppress,
        unread=[one.label for one in listed if one not in read],
    )


def _settings_of(path: Path) -> Path:
    """The settings that a plan file is sent with: plans lie in their project, or are brought to it by a CI job."""
    try:
        return find.settings(path)
    except errors.InvalidError:
        return find.settings(Path())


def _tell_changes(planned: Planned, problems: Problems) -> None:
    """Name the files that are not what they were when the plan was made."""
    project = planned.project.resolve()
    for label, digest in planned.plan.header["made"]["sources"].items():
        path = project / label
        if not path.is_file():
            fault = f"{label} is gone since the plan was made; what it said then is sent"
        elif not path.resolve().is_relative_to(project) or provenance.digest(path) != digest:
            fault = f"{label} has changed since the plan was made; what it said then is sent"
        else:
            continue
        problems.add(plans.SOURCE_CHANGED.at(planned.campaign.shown, None, fault))


def _as_of_today(planned: Planned, own: Settings, problems: Problems) -> Campaign:
    """The plan's campaign with what a plan does not hold: the suppression lists and the policy of the file today."""
    file = campaign_file(planned)
    if file is None or not file.is_file():
        fault = "the campaign file is not in the project: its suppression lists are not read, its policy does not hold"
        problems.add(plans.SOURCE_CHANGED.at(planned.campaign.shown, None, fault))
        return planned.campaign
    today = gather.load_one(file, planned.profile.name, lambda _: own, find.Names(), problems).campaign
    return replace(planned.campaign, suppress=today.suppress, policy=today.policy)


def _withdrawn(planned: Planned, problems: Problems, seen: Seen) -> Sequence[int]:
    """Check a plan from a file against the profile, and find the messages to people who are suppressed by now."""
    campaign, profile, plan, covers = planned.campaign, planned.profile, planned.plan, check.Covers()
    found = array.array("q")
    allow.suppression(campaign, planned.suppress, problems)
    with Ids() as ids:
        ids.suppress(expand.ids(planned.suppress, planned.project, problems))
        for line in covers.over(
            check.lines(watch.over(plan.lines(), seen), profile, campaign.policy, campaign.shown, problems)
        ):
            if isinstance(line, Message) and ids.is_suppressed(line.to_wxid):
                found.append(line.seq)
    check.own_pace(plan, campaign, profile, problems)
    problems.raise_errors()
    finish = check.forecast(campaign, profile, plan.devices, now()).finish
    check.check(campaign, plan, covers, finish, problems)
    problems.raise_errors()
    return found


def made(loaded: Loaded) -> dict[str, Any]:
    """Where a plan of the campaign comes from: the program, and the digests of all files that it is made of."""
    campaign, project = loaded.campaign, loaded.settings.project
    listed = [source.path for source in (*campaign.recipients, *gather.suppress(loaded)) if source.path]
    paths = [path for path in (*listed, *campaign.files, campaign.path) if path.is_relative_to(project)]
    files = {path.relative_to(project).as_posix(): path for path in paths}
    files[find.SETTINGS] = project / find.SETTINGS
    own = next((label for label, path in files.items() if path == campaign.path), None)
    return provenance.made(project, files) | ({"campaign": own} if own else {})
