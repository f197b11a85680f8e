"""Whom a device has among its contacts, and who of those that it shall write to is not there."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from gewe_runner.preflight import ask
from gewe_runner.preflight.ask import Asker
from gewe_runner.wire.said import Said, Silence

#: The account's own "File Transfer", which no list of contacts has to name.
_OWN = frozenset({"filehelper"})

#: Whoever is missing is named so often.
NAMED = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Contacts:
    """What a device's lists name."""

    friends: int
    #: Only those that the account saved to its address book.
    groups: int
    ids: frozenset[str]


@dataclass(kw_only=True, slots=True)
class Missing:
    """Who is not among a device's contacts."""

    recipients: int = 0
    people: int = 0
    groups: int = 0
    #: The first ones.
    first: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return self.people + self.groups

    def note(self, to_wxid: str, contacts: Contacts) -> None:
        """Take a recipient of the device into account."""
        self.recipients += 1
        if to_wxid in contacts.ids or to_wxid in _OWN:
            return
        if to_wxid.endswith("@chatroom"):
            self.groups += 1
        else:
            self.people += 1
        if len(self.first) < NAMED:
            self.first.append(to_wxid)


def fetch(app_id: str, asker: Asker) -> Contacts | str:
    """What the gateway remembers of the device's contacts, else what it finds out now, which takes long.

    Returns:
        In a few words why they are not known, where they are not.
    """
    why = ""
    for question in (ask.CACHED_CONTACTS, ask.CONTACTS):
        found = _read(asker.ask(question, app_id))
        if isinstance(found, Contacts):
            return found
        why = found
    return why


def _read(answer: Said | Silence) -> Contacts | str:
    if isinstance(answer, Silence):
        return answer.text
    if answer.ret != 200:
        return answer.text or f"ret {answer.ret}"
    data = answer.data if isinstance(answer.data, dict) else {}
    friends, groups, accounts = (set(_texts(data.get(key))) for key in ("friends", "chatrooms", "ghs"))
    if not friends:
        # every account has WeChat's own among its friends, and the API is known to answer so while it does not know
        return "the gateway names no friend at all"
    return Contacts(friends=len(friends), groups=len(groups), ids=frozenset(friends | groups | accounts))


def _texts(value: object) -> Iterable[str]:
    return (one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
