"""What can be known of a send beforehand by asking: the answers become problems of the campaigns."""

from collections.abc import Sequence

from gewe_runner import consult, prepare
from gewe_runner.consult import Consulted
from gewe_runner.ledger import connect, judge
from gewe_runner.model import START, Campaign, Message, Position, Profile
from gewe_runner.plan.covers import MOST, Uses
from gewe_runner.preflight import covers as looking
from gewe_runner.preflight.memory import Memory
from gewe_runner.problems import Problems
from gewe_runner.rules import cards
from gewe_runner.rules import covers as rules
from gewe_runner.wire import surroundings

#: Where it is remembered what covers looked like, in the project.
MEMORY = ".gewe/covers.json"


def before_sending(
    consulted: Sequence[Consulted], ledger: connect.Ledger | None, problems: Problems, *, check_covers: bool | None
) -> None:
    """Look at what a send would need.

    Args:
        check_covers: None: where the gateway is a real one, and not on this machine.

    Raises:
        errors.InvalidError: Something is so wrong that nothing may be sent; the reasons are in `problems`.
    """
    sendable = [one for one in consulted if one.overlay.left and not one.planned.campaign.draft]
    if not sendable:
        return
    if _is_real(sendable[0].planned.profile) if check_covers is None else check_covers:
        covers(sendable, ledger, problems)
    problems.raise_errors()


def _is_real(profile: Profile) -> bool:
    return not profile.is_sandbox and not surroundings.is_loopback(profile.gateway)


def covers(consulted: Sequence[Consulted], ledger: connect.Ledger | None, problems: Problems) -> None:
    """Look at every cover that would be sent, each once, and add what is wrong to each campaign that uses it."""
    first = consulted[0].planned
    memory = Memory(first.project / MEMORY)
    used = [(one.planned.campaign, _uses(one, ledger)) for one in consulted]
    urls = list(dict.fromkeys(url for _, uses in used for url in uses.urls))
    found = looking.check(urls, first.profile.covers, memory, prepare.now)
    memory.write(prepare.now())
    for campaign, uses in used:
        for url, use in uses.urls.items():
            for rule, text in found[url]:
                told = f"the cover {cards.shown_url(url)} of {_messages(use.messages)}: {text}"
                problems.add(rule.at(campaign.shown, _place(campaign, use.variant), told))
        if uses.others:
            told = f"only the first {MOST} covers were looked at; {_messages(uses.others)} have others"
            problems.add(rules.COVER_UNCHECKED.at(campaign.shown, _place(campaign), told))


def _uses(one: Consulted, ledger: connect.Ledger | None) -> Uses:
    """The covers of the messages that are left to be sent."""
    uses = Uses()
    for line in consult.laid_over(one.planned, ledger, judge.Overlay()):
        if isinstance(line, Message):
            uses.note(line)
    return uses


def _place(campaign: Campaign, variant: str | None = None) -> Position:
    """Where the template of the cover stands: the variant's own, else the card's."""
    card = ("card", "coverImgUrl")
    own = [("variants", number, *card) for number, one in enumerate(campaign.variants) if one.name == variant]
    return next((campaign.positions[where] for where in (*own, card) if where in campaign.positions), START)


def _messages(count: int) -> str:
    return f"{count:,} message{'' if count == 1 else 's'}"
