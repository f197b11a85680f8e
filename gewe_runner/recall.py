"""Recalls plans from the runs that carry them out, where nothing that they were made of has changed: no list is read.

The same files come to the same plan, so a run of a million messages goes on in a moment. What planning said about
them is said again: it was kept with the run.
"""

import datetime
import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gewe_runner import consult, errors, find, gather, prepare
from gewe_runner.gather import Loaded
from gewe_runner.model import Level, Message, Problem, Skip
from gewe_runner.plan import check, freeze
from gewe_runner.prepare import Planned
from gewe_runner.problems import Problems
from gewe_runner.rules import plans

if TYPE_CHECKING:
    from gewe_runner.ask import Books

#: What is said anew, by the clock of today.
_OF_TODAY = {plans.COVER_EXPIRES.id, plans.NOBODY.id}


@dataclass(frozen=True, kw_only=True, slots=True)
class Recalled(freeze.Plan):
    """A plan that is told from the ledger; its lines are made only if somebody wants to see them after all."""

    #: The run that carries it out.
    run: str
    make: Callable[[], freeze.Plan]

    def lines(self) -> Iterator[Message | Skip]:
        yield from self.make().lines()


def plans_of(
    paths: Sequence[Path],
    profile: str | None,
    folder: Path,
    problems: Problems,
    environ: Mapping[str, str] = os.environ,
) -> list[Planned]:
    """The plans of the campaigns, as `prepare.plan_all` would make them; none, if one of them has to be made anew."""
    found, said = list[Planned](), Problems()
    known, names = gather.Known(said), find.Names()
    ledger = None
    try:
        for number, file in enumerate(find.campaigns(paths)):
            loaded = gather.load_one(file, profile, known.of, names, said)
            ledger = ledger or consult.ledger(loaded.profile, loaded.settings.project, environ)
            planned = _recalled(loaded, ledger, folder / str(number), said) if ledger else None
            if planned is None:
                return []
            found.append(planned)
    except (errors.InvalidError, errors.LedgerError, errors.UsageError):
        return []  # whoever plans in full says so, in its turn
    finally:
        if ledger is not None:
            ledger.close()
    if said.errors:
        return []
    problems.take(said)
    return found


class Noted:
    """Takes note of what a plan shall be recalled with, while its lines pass by."""

    def __init__(self, planned: Planned, said: Problems) -> None:
        self._planned, self._said = planned, said
        self._covers = check.Covers()

    def over(self, lines: Iterable[Message | Skip]) -> Iterator[Message | Skip]:
        return self._covers.over(lines)

    def notes(self) -> dict[str, Any]:
        project = self._planned.project
        expires = self._covers.first
        return {
            "problems": [
                asdict(one) | {"path": os.path.relpath(one.path, project)}
                for one in self._said
                if one.rule not in _OF_TODAY
            ],
            "unshown": [
                [os.path.relpath(path, project), rule, count] for (path, rule), count in self._said.unshown().items()
            ],
            "cover_expires": [expires[0].isoformat(), expires[1]] if expires else None,
        }


def _recalled(loaded: Loaded, ledger: "Books", folder: Path, said: Problems) -> Planned | None:
    campaign, profile, project = loaded.campaign, loaded.profile, loaded.settings.project
    suppress = gather.suppressions(campaign, profile, project)
    if any(source.sql or source.is_stdin for source in (*campaign.recipients, *suppress)):
        return None  # nobody can tell whether it has changed
    newest = ledger.newest(campaign, profile.name)
    if newest is None:
        return None
    header, made = newest.header, prepare.made(loaded)
    if any(made[name] != header["made"].get(name) for name in ("tool", "campaign", "sources")):
        return None
    plan = Recalled(
        header=freeze.sealed({**header, "made": made}),
        path=folder,
        samples=newest.samples,
        run=newest.id,
        make=functools.cache(functools.partial(_made_anew, loaded, header["digest"], folder)),
    )
    _say(newest.notes, plan, loaded, said)
    return Planned(campaign=campaign, profile=profile, project=project, plan=plan, suppress=suppress)


def _say(notes: Mapping[str, Any], plan: freeze.Plan, loaded: Loaded, said: Problems) -> None:
    """Say again what planning has said, and what depends on the time of day."""
    campaign, profile, project = loaded.campaign, loaded.profile, loaded.settings.project
    for one in notes["problems"]:
        place = {"path": find.shown(project / one["path"]), "level": Level(one["level"])}
        said.add(Problem(**{**one, **place}))
    for path, rule, count in notes["unshown"]:
        said.add_unshown(find.shown(project / path), rule, count)
    covers = check.Covers()
    if notes["cover_expires"]:
        at, url = notes["cover_expires"]
        covers.first = (datetime.datetime.fromisoformat(at), url)
    finish = check.forecast(campaign, profile, plan.devices, prepare.now()).finish
    check.check(campaign, plan, covers, finish, said)


def _made_anew(loaded: Loaded, digest: str, folder: Path) -> freeze.Plan:
    """The plan with its lines.

    Raises:
        errors.InvalidError: it is another one by now.
    """
    folder.mkdir(parents=True, exist_ok=True)
    campaign = loaded.campaign
    (planned,) = prepare.plan_all([campaign.path], loaded.profile.name, folder, Problems())
    if planned.plan.digest != digest:
        raise errors.InvalidError(f"{campaign.shown}: what it is made of has changed meanwhile", hint="run this again")
    return planned.plan
