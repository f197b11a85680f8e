"""What can be known of a send beforehand by asking: the answers become problems of the campaigns."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gewe_runner import consult, prepare, recall, words
from gewe_runner.ask import Books
from gewe_runner.consult import Consulted
from gewe_runner.model import START, Campaign, Message, Position, Profile, Skip
from gewe_runner.overlay import Overlay
from gewe_runner.plan.covers import MOST, Uses
from gewe_runner.preflight import abreast
from gewe_runner.preflight import contacts as knowing
from gewe_runner.preflight import covers as looking
from gewe_runner.preflight.ask import Asker
from gewe_runner.preflight.contacts import Contacts, Missing
from gewe_runner.preflight.memory import Memory
from gewe_runner.problems import Problems
from gewe_runner.rules import cards
from gewe_runner.rules import contacts as doubts
from gewe_runner.rules import covers as rules
from gewe_runner.wire import surroundings

#: Where it is remembered what covers looked like, in the project.
MEMORY = ".gewe/covers.json"


def before_sending(
    consulted: Sequence[Consulted], ledger: Books | None, problems: Problems, *, check_covers: bool | None
) -> None:
    """Look at what a send would need.

    Args:
        check_covers: None: where the gateway is a real one, and not on this machine.

    Raises:
        errors.InvalidError: Something is so wrong that nothing may be sent; the reasons are in `problems`.
    """
    sendable = _sendable(consulted)
    if not sendable:
        return
    if _is_real(sendable[0].planned.profile) if check_covers is None else check_covers:
        covers(sendable, ledger, problems)
    problems.raise_errors()


def _sendable(consulted: Sequence[Consulted]) -> list[Consulted]:
    return [one for one in consulted if one.overlay.left and not one.planned.campaign.draft]


def _is_real(profile: Profile) -> bool:
    return not profile.is_sandbox and not surroundings.is_loopback(profile.gateway)


def covers(consulted: Sequence[Consulted], ledger: Books | None, problems: Problems) -> None:
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


def contacts(
    consulted: Sequence[Consulted],
    ledger: Books | None,
    problems: Problems,
    asker: Asker,
    app_ids: Mapping[str, str],
) -> None:
    """Add a warning for recipients of each campaign who are not among the contacts of their device."""
    sendable = _sendable(consulted)
    known = books({name: app_ids[name] for one in sendable for name in one.planned.plan.devices}, asker)
    for one in sendable:
        strangers(one.planned.campaign, _left(one, ledger), known, problems)


def books(app_ids: Mapping[str, str], asker: Asker) -> Mapping[str, Contacts | str]:
    """The contacts of each device, or why they are not known."""
    late = dict.fromkeys(app_ids, "no answer in time")
    return late | dict(abreast.each(lambda name: knowing.fetch(app_ids[name], asker), list(app_ids), asker.patience))


def strangers(
    campaign: Campaign, lines: Iterable[Message | Skip], known: Mapping[str, Contacts | str], problems: Problems
) -> None:
    """Add a warning for those whom their devices do not know, and a notice for what is not known of devices."""
    missing: defaultdict[str, Missing] = defaultdict(Missing)
    for line in lines:
        if isinstance(line, Message):
            book = known[line.device]
            if isinstance(book, Contacts):
                missing[line.device].note(line.to_wxid, book)
            else:
                missing[line.device].recipients += 1
    place = campaign.positions.get(("send", "devices")) or campaign.positions.get(("send", "device"), START)
    for device, found in sorted(missing.items()):
        book = known[device]
        if isinstance(book, str):
            fault = (
                f"who the contacts of device {device} are is not known ({book}), so its recipients were not compared"
            )
            problems.add(doubts.CONTACTS_UNKNOWN.at(campaign.shown, place, fault))
        elif found.count:
            problems.add(doubts.NOT_A_CONTACT.at(campaign.shown, place, _missing(device, found)))


def _missing(device: str, found: Missing) -> str:
    named = ", ".join(words.short(one) for one in found.first)
    more = f" and {found.count - len(found.first):,} more" if found.count > len(found.first) else ""
    groups = f"; {found.groups:,} of them are groups, named only if saved to its address book" if found.groups else ""
    several = "recipient is" if found.recipients == 1 else "recipients are"
    return (
        f"{found.count:,} of {found.recipients:,} {several} not among the contacts of device {device}: "
        f"{named}{more}{groups}"
    )


def _uses(one: Consulted, ledger: Books | None) -> Uses:
    """The covers of the messages that are left to be sent."""
    uses = Uses()
    for line in _left(one, ledger):
        if isinstance(line, Message):
            uses.note(line)
    return uses


def _left(one: Consulted, ledger: Books | None) -> Iterator[Message | Skip]:
    """The messages that are left to be sent, among the plan's skips; of a run that goes on, as the ledger has them."""
    if ledger is not None and isinstance(one.planned.plan, recall.Recalled):
        return ledger.pending(one.planned.plan.run)
    return consult.laid_over(one.planned, ledger, Overlay())


def _place(campaign: Campaign, variant: str | None = None) -> Position:
    """Where the template of the cover stands: the variant's own, else the card's."""
    card = ("card", "coverImgUrl")
    own = [("variants", number, *card) for number, one in enumerate(campaign.variants) if one.name == variant]
    return next((campaign.positions[where] for where in (*own, card) if where in campaign.positions), START)


def _messages(count: int) -> str:
    return f"{count:,} message{'' if count == 1 else 's'}"
