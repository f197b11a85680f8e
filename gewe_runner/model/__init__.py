"""The words that the rooms exchange: frozen data and enumerations, and nothing that acts."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from gewe_runner.model.place import START as START
from gewe_runner.model.place import Position as Position
from gewe_runner.model.place import Value as Value
from gewe_runner.model.place import Where as Where
from gewe_runner.model.source import STDIN as STDIN
from gewe_runner.model.source import Query as Query
from gewe_runner.model.source import Source as Source

#: The keys of a card, as the API names them; each value is a Jinja template.
CARD_FIELDS = ("miniAppId", "userName", "displayName", "title", "pagePath", "coverImgUrl")


class Level(enum.StrEnum):
    """How much a problem weighs: an error stops the command, the others are only said."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


class State(enum.StrEnum):
    """The life of a message; the ledger's CHECK and the README's diagram say the same."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


class RunState(enum.StrEnum):
    """The life of a run: `open` until nothing of it is pending any more."""

    OPEN = "open"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


class Engine(enum.StrEnum):
    """Who carries a run out: the process that sends it, or workers on any number of hosts."""

    LOCAL = "local"
    PROCRASTINATE = "procrastinate"


class Asked(enum.StrEnum):
    """Whether the ledger was asked who has got what."""

    YES = "consulted"
    #: There is none yet, so it would know of nobody.
    NEW = "new"
    #: Where it is was not said.
    NO = "not consulted"


class Reason(enum.StrEnum):
    """Why a recipient gets no message, in the order in which the reasons apply."""

    FILTERED = "filtered"
    DUPLICATE = "duplicate"
    SUPPRESSED = "suppressed"
    HOLDOUT = "holdout"
    BY_TEMPLATE = "by_template"
    # decided by the ledger, laid over the plan
    ALREADY_SENT = "already_sent"
    UNRESOLVED = "unresolved"
    FREQUENCY_CAP = "frequency_cap"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing wrong in the user's files, shown as `path:line:column: rule: message`."""

    #: As the user would type it: relative to the working directory where possible.
    path: str
    #: From 1; in a list the row as a spreadsheet counts it (the header is row 1). None: the whole file.
    line: int | None = None
    #: From 1; in a list the number of the column.
    column: int | None = None
    #: The id under which `validate --explain` knows the rule.
    rule: str
    level: Level = Level.ERROR
    #: What is wrong and what to do, in one line.
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How fast one device may send; None means no limit."""

    per_minute: float | None = 10
    #: Shortest and longest random pause after a message, in seconds.
    gap_seconds: tuple[float, float] | None = (2, 5)
    per_half_hour: float | None = 200
    per_day: int | None = 200
    #: Start and end as minutes after midnight; the night may lie across midnight.
    quiet_hours: tuple[int, int] | None = (21 * 60 + 30, 8 * 60)
    timezone: str = "Asia/Shanghai"
    cool_down_minutes: float | None = 60


#: The sandbox reaches nobody, so nothing holds it back.
UNLIMITED = Pace(
    per_minute=None, gap_seconds=None, per_half_hour=None, per_day=None, quiet_hours=None, cool_down_minutes=None
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """A logged-in account of a profile, under the name that campaigns use."""

    name: str
    #: From the settings file; None where `app_id_env` names a variable, or on an unset sandbox device.
    app_id: str | None
    app_id_env: str | None
    #: The profile's pace with the device's own values laid over it.
    pace: Pace


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusals:
    """Texts a profile adds to the built-in tables of refusals, by class."""

    too_often: tuple[str, ...] = ()
    device: tuple[str, ...] = ()
    token: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """Limits that a plan must keep; a profile's can only be tightened by a campaign."""

    max_recipients: int | None = None
    groups: bool = True
    #: The only `miniAppId`s of cards, and the only hosts of covers (`*.` before one: all below it); None: any.
    allowed_mini_apps: tuple[str, ...] | None = None
    allowed_hosts: tuple[str, ...] | None = None
    #: Recipients added and gone since the campaign's last run, in percent of that run's.
    max_change_percent: float | None = None
    #: A plan needs a suppression list, be it an empty one.
    require_suppression: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class CoverLimits:
    """How large covers may be, in units of 1024 bytes."""

    #: A warning above it; None: never.
    warn_kb: float | None = 50
    #: An error above it.
    max_kb: float = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """One arm of a test: its share of the recipients and the card keys it overrides."""

    name: str
    weight: float
    card: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class StopWhen:
    """The gates: how many bad outcomes stop a lane, which share of them stops the run."""

    failures_in_a_row: int | None = 5
    failure_percent: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A campaign's `send` section."""

    devices: tuple[str, ...] = ()
    #: ISO 8601 with an offset, exactly as a plan shows it.
    not_before: str | None = None
    not_after: str | None = None
    #: Each a count ("20") or a percentage ("10%"), as written.
    waves: tuple[str, ...] = ()
    wave_wait_minutes: float = 0
    stop_when: StopWhen = StopWhen()
    #: Only the limits that the campaign sets itself; stricter than the profile's.
    pace: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class FrequencyCap:
    """At most `messages` cards to one person within `days`, over the whole ledger."""

    messages: int
    days: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """One way out: a gateway, its devices and the ledger that remembers what went through."""

    name: str
    #: `sandbox`, or the normalised base URL including the API's path prefix.
    gateway: str
    token_env: str | None = None
    ledger_env: str | None = None
    ledger_id: str | None = None
    require_approval: bool = False
    devices: Mapping[str, Device] = field(default_factory=dict)
    vars: Mapping[str, Value] = field(default_factory=dict)
    suppress: tuple[Source, ...] = ()
    policy: Policy = Policy()
    refusals: Refusals = Refusals()
    covers: CoverLimits = CoverLimits()
    #: Seconds.
    connect_timeout: float = 5
    read_timeout: float = 60
    #: Who carries runs out unless a send says otherwise.
    engine: Engine = Engine.LOCAL

    @property
    def is_sandbox(self) -> bool:
        return self.gateway == "sandbox"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """A project's gewe.yaml."""

    #: The folder of gewe.yaml; no list may lie outside it.
    project: Path
    #: The settings file as problems show it.
    name: str
    default_profile: str | None
    profiles: Mapping[str, Profile]


@dataclass(frozen=True, kw_only=True, slots=True)
class Campaign:
    """A checked campaign file."""

    path: Path
    #: The campaign file as problems show it.
    shown: str
    project: Path
    name: str
    edition: str
    draft: bool = False
    description: str = ""
    vars: Mapping[str, Value] = field(default_factory=dict)
    card: Mapping[str, str]
    #: What its templates include and import, by the names that they call it.
    parts: Mapping[str, str] = field(default_factory=dict)
    #: The files that it is put together from, besides its own and its lists.
    files: tuple[Path, ...] = ()
    #: Where parts stand that later problems are about, by their place in the file: the templates, as ("card", "title")
    #: and ("variants", 0, "card", "title"), the variables, the edition, the devices of `send`, each key of the policy.
    positions: Mapping[Where, Position] = field(default_factory=dict)
    recipients: tuple[Source, ...]
    suppress: tuple[Source, ...] = ()
    frequency_cap: FrequencyCap | None = None
    variants: tuple[Variant, ...] = ()
    holdout: float = 0
    send: Delivery = Delivery()
    policy: Policy = Policy()


class Recipient(NamedTuple):
    """One row of one list, its id cleaned, before anything is decided about it.

    A tuple, as all that there is one of for each row: there may be millions, and a dataclass takes four times as long.
    """

    to_wxid: str
    source: Source
    #: From 1; in a list as a spreadsheet counts, in `rows` the position among them.
    row: int
    #: Every column of the row after `columns`, as text, toWxid included.
    values: Mapping[str, str]
    #: False: the list's `where` leaves the row out.
    wanted: bool = True


class Assignment(NamedTuple):
    """A recipient who shall get a card, the device it goes through and its variant."""

    recipient: Recipient
    device: str
    variant: str | None = None


class Skip(NamedTuple):
    """A row that gets no message, and why."""

    to_wxid: str
    source: str
    row: int
    reason: Reason
    #: The text of `skip("…")` in a template; empty otherwise.
    text: str = ""


class Message(NamedTuple):
    """One payload for one recipient through one device, frozen."""

    to_wxid: str
    device: str
    variant: str | None
    source: str
    row: int
    #: Canonical JSON of the request's body without `appId`.
    payload: str
    #: Hex SHA-256 of the payload's UTF-8 bytes.
    sha256: str
    #: From 1 in plan order; 0 until the plan has numbered it.
    seq: int = 0


class Record(NamedTuple):
    """A message as the ledger remembers it, a column each: what reports show. A tuple, since there may be millions."""

    seq: int
    to_wxid: str
    device: str
    variant: str | None
    source: str
    row: int
    #: A `State`, or `would_send` in a dry run.
    state: str
    #: Why it was cancelled, or what became of it in a few words.
    reason: str = ""
    #: The gateway's own text, token masked; empty where there was no answer.
    gateway_text: str = ""
    #: How often a request was begun.
    attempts: int = 0
    #: UTC epoch milliseconds.
    started_at: int | None = None
    ended_at: int | None = None
    #: The API's ids, as text: they exceed what a float holds.
    msg_id: str = ""
    new_msg_id: str = ""
    create_time: str = ""
    #: Hex SHA-256 of the payload.
    sha256: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunInfo:
    """A run as lists and reports show it."""

    #: e.g. `20261201-0900-fruit-delivery-3f2a`, or `dry-run`.
    id: str
    campaign: str
    edition: str
    profile: str
    #: `sandbox` or the base URL; never with credentials.
    gateway: str
    digest: str
    state: str
    #: UTC epoch milliseconds.
    created_at: int
    finished_at: int | None
    #: Messages by state; every state present, `would_send` alone in a dry run.
    counts: Mapping[str, int]
    #: Skipped rows by reason.
    skips: Mapping[str, int]
    #: The plan's `made`: tool, commit, dirty, digests of the sources.
    made: Mapping[str, Any] = field(default_factory=dict)
    #: Why the last execution ended before everything was sent; empty when it did not.
    stopped: str = ""
    #: When `ledger prune` removed its payloads, attempts, skipped rows and texts; None: it did not.
    pruned_at: int | None = None
    #: Rejected messages by the gateway's own text, the commonest first; a few of them, where one run is told of.
    refusals: Mapping[str, int] = field(default_factory=dict)
    #: The last `seq` of each wave.
    waves: tuple[int, ...] = ()
    #: Messages a minute that the pace of its devices allows together; None: no limit, or not known.
    allowed: float | None = None
    #: Who wrote the report, and where, e.g. `ann@host`, or the address of the CI job.
    written_by: str = ""

    @property
    def planned(self) -> int:
        return sum(self.counts.values())
