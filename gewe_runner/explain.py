"""The composition root of an explanation: why one recipient gets what they get, or nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gewe_runner import errors, expand, template
from gewe_runner.consult import Consulted
from gewe_runner.expand import clean
from gewe_runner.model import Asked, Campaign, Message, Reason, Recipient, Skip
from gewe_runner.plan import chance, explain
from gewe_runner.prepare import Planned
from gewe_runner.problems import Problems

if TYPE_CHECKING:
    from gewe_runner.ask import Books, Standing


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """A value that the templates or the `where` of a row use, and what gives it."""

    name: str
    value: object
    origin: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A row that names the recipient, and what the files make of it."""

    line: Message | Skip
    #: The list's `where`.
    condition: str | None
    values: Sequence[Value]


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """Everything that decides what one recipient of a campaign gets."""

    campaign: Campaign
    to_wxid: str
    #: In their order; none where the recipient stands on suppression lists only.
    rows: Sequence[Row]
    #: The lists that were not read, by their labels; the recipient may stand there, too.
    unread: Sequence[str]
    #: The suppression lists that were read, and those of them that the recipient stands on, by their labels.
    suppressions: Sequence[str]
    suppressed: Sequence[str]
    #: None, all three, where `where` takes no row, and where the campaign has no such thing.
    holdout: explain.Holdout | None
    variant: explain.Draw | None
    way: explain.Way | None
    asked: Asked
    #: None where the ledger was not asked.
    standing: "Standing | None"

    @property
    def line(self) -> Message | Skip | None:
        """What decides: the first row that `where` takes, else the first of all."""
        lines = [row.line for row in self.rows]
        wanted = [line for line in lines if isinstance(line, Message) or line.reason is not Reason.FILTERED]
        return next(iter([*wanted, *lines]), None)

    @property
    def reason(self) -> Reason | None:
        """Why the recipient gets nothing; None where they get a card."""
        if isinstance(self.line, Message):
            return self.standing.forbids if self.standing else None
        return self.line.reason if self.line else Reason.SUPPRESSED


def explanations(consulted: Sequence[Consulted], ledger: "Books | None", to_wxid: str) -> list[Explanation]:
    """Why the recipient gets what they get, for each plan whose lists name them.

    Raises:
        errors.UsageError: none does.
    """
    person = clean.edges(to_wxid)
    found = [one for one in (_explanation(plan, ledger, person) for plan in consulted) if one]
    if not found:
        profile = consulted[0].planned.profile.name
        unread = dict.fromkeys(label for plan in consulted for label in plan.planned.unread)
        but = f"; not read here: {', '.join(unread)}" if unread else ""
        raise errors.UsageError(
            f"--explain {person}: no list names that id; upper and lower case are different letters{but}",
            hint=f"what the ledger knows of it: gewe-runner status --to {person} --profile {profile}",
        )
    return found


def _explanation(one: Consulted, ledger: "Books | None", person: str) -> Explanation | None:
    planned, campaign = one.planned, one.planned.campaign
    lines = [line for line in planned.plan.lines() if line.to_wxid == person]
    lists = [source for source in planned.suppress if source.label not in planned.unread]
    on = [source.label for source in lists if person in expand.ids([source], planned.project, Problems())]
    if not lines and not on:
        return None
    recipients = _recipients(planned, lines)
    taken = next((recipient for recipient in recipients if recipient.wanted), None)
    return Explanation(
        campaign=campaign,
        to_wxid=person,
        rows=[
            Row(line=line, condition=one.source.condition, values=list(_values(planned, one, is_card=one is taken)))
            for line, one in zip(lines, recipients, strict=True)
        ],
        unread=planned.unread,
        suppressions=[source.label for source in lists],
        suppressed=on,
        holdout=explain.holdout(campaign, person) if taken else None,
        variant=explain.variant(campaign, person) if taken else None,
        way=explain.way(campaign, planned.profile, taken) if taken else None,
        asked=one.ledger,
        standing=ledger.standing(planned, person, lines) if ledger else None,
    )


def _recipients(planned: Planned, lines: Sequence[Message | Skip]) -> Sequence[Recipient]:
    """The rows of these lines, read once more: a plan does not keep their values.

    Raises:
        errors.InvalidError: they are other ones now.
    """
    people, labels = {line.to_wxid for line in lines}, {line.source for line in lines}
    sources = [source for source in planned.campaign.recipients if source.label in labels]
    read = expand.recipients(sources, planned.project, Problems())
    found = [recipient for recipient in read if recipient.to_wxid in people]
    if [(one.source.label, one.row) for one in found] != [(line.source, line.row) for line in lines]:
        raise errors.InvalidError("a list was changed while it was read", hint="run this again")
    return found


def _values(planned: Planned, recipient: Recipient, *, is_card: bool) -> Iterator[Value]:
    """What the row's `where` uses, and the templates of its card if it makes one."""
    condition = recipient.source.condition
    names = set(template.Expression(condition).names) if condition else set()
    if is_card:
        variant = chance.variant(planned.campaign, recipient.to_wxid)
        card = {**planned.campaign.card, **(variant.card if variant else {})}
        names.update(*(template.Template(text, planned.campaign.parts).names for text in card.values()))
    for name in sorted(names):
        if value := _value(name, planned, recipient):
            yield value


def _value(name: str, planned: Planned, recipient: Recipient) -> Value | None:
    """What a template gets for a name; None for those that every template knows."""
    givers: dict[str, Mapping[str, object]] = {
        "the row": recipient.values,
        "vars of the list": recipient.source.vars,
        "vars of the campaign": planned.campaign.vars,
        "vars of the profile": planned.profile.vars,
    }
    for origin, values in givers.items():
        if name in values:
            return Value(name=name, value=values[name], origin=origin)
    return None
