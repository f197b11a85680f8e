"""What a send is asked for, how it shows itself meanwhile, and how it ended."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from gewe_runner import errors, pace, prepare
from gewe_runner.consult import Consulted
from gewe_runner.model import Engine, Profile, RunInfo
from gewe_runner.prepare import Planned
from gewe_runner.problems import Problems
from gewe_runner.send.log import Style
from gewe_runner.watch import Seen

if TYPE_CHECKING:
    from gewe_runner.send import local

#: Options that only a send which carries its runs out itself can heed.
_ALONE = {"limit": "--limit", "until": "--until and --for", "stop_after_wave": "--stop-after-wave", "wait": "--wait"}

#: The account's own "File Transfer": every account has it, and nobody else sees what comes in there.
FILE_HELPER = "filehelper"


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What a `send` was asked for."""

    paths: Sequence[Path] = ()
    #: A plan file to send instead of campaigns.
    plan: Path | None = None
    #: The plans have to be those of the campaigns' lock files.
    locked: bool = False
    profile: str | None = None
    dry_run: bool = False
    #: Begin at most so many messages, and none after that time (UTC epoch milliseconds).
    limit: int = pace.NEVER
    until: int = pace.NEVER
    #: End after so many waves of each run.
    stop_after_wave: int | None = None
    #: How attempts are logged, in `run.log` beside the report and, if given, on a stream.
    log: Style = field(default_factory=Style)
    log_stream: TextIO | None = None
    #: Wait for a lane that somebody else holds.
    wait: bool = False
    #: Who carries the runs out; None: whom the profile names.
    engine: Engine | None = None
    #: With workers: hand the runs over and leave; and which of several runs on a device goes first.
    detach: bool = False
    priority: int | None = None
    #: Empty the sandbox's ledger first.
    fresh: bool = False
    #: Look at the covers before anything is sent; None: where the gateway is a real one.
    check_covers: bool | None = None
    #: Compare the recipients with the contacts of their devices.
    check_contacts: bool = False
    #: Where reports go; None: `reports` in the project.
    reports: Path | None = None

    def is_for_workers(self, profile: Profile) -> bool:
        """Whether workers shall carry the runs out."""
        return (self.engine or profile.engine) is Engine.PROCRASTINATE

    def place(self, project: Path) -> Path:
        """Where the reports of the project's runs go."""
        return self.reports or project / "reports"

    def check(self, planned: Sequence[Planned]) -> None:
        """Make sure, before anything is written, that what was asked for goes together, and with the lock files.

        Raises:
            errors.UsageError: an option is of the other engine.
            errors.NotApprovedError: a plan is not the one that is locked.
        """
        if not self.is_for_workers(planned[0].profile):
            if self.detach or self.priority:
                said = "--detach" if self.detach else "--priority"
                raise errors.UsageError(f"{said} is for runs of workers", hint="--engine procrastinate")
        else:
            plain = Order()
            for name, said in _ALONE.items():
                if getattr(self, name) != getattr(plain, name):
                    raise errors.UsageError(
                        f"{said} and --engine procrastinate do not go together", hint="--engine local"
                    )
        if self.locked:
            prepare.compare_locks(one for one in planned if not one.campaign.draft)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What a test card was asked for."""

    to_wxid: str = FILE_HELPER
    #: The row whose card is sent, as (list, row); None: the first of each device.
    row: tuple[str, int] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How an execution ended."""

    reports: Sequence[tuple[RunInfo, Path]] = ()
    #: Requests of this execution that were answered, or never will be.
    attempted: int = 0
    #: Messages that this execution left rejected or unknown.
    bad: int = 0
    #: Why lanes and runs stopped though they have messages left, by device or run.
    stops: Mapping[str, str] = field(default_factory=dict)
    #: Why everything stopped, and what to do about it.
    stopped: str = ""
    hint: str = ""
    interrupted: bool = False
    #: Runs that workers go on with though nobody here follows them any more.
    left: Sequence[str] = ()


class View(Protocol):
    """How a send shows itself and asks."""

    def planned(self, consulted: Sequence[Consulted], problems: Problems) -> None:
        """Show what would be sent."""

    def new_ledger(self, name: str) -> None:
        """Agree to a new ledger, which forgets who was served, or raise."""

    def confirm(self, consulted: Sequence[Consulted]) -> None:
        """Agree to send, or raise."""

    def warn(self, text: str) -> None:
        """Tell something that somebody may want to change while it runs."""

    def watching(self, what: str, total: Callable[[], int | None], /) -> contextlib.AbstractContextManager[Seen]:
        """Show how a step that may take long gets on."""

    def sending(self, total: int) -> "contextlib.AbstractContextManager[local.Watch]":
        """Show progress while the context lasts."""
