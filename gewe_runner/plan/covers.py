"""Takes note of the covers that messages use, in bounded memory."""

import json
import re
from dataclasses import dataclass, field

from gewe_runner.model import Message

#: Different covers that are told apart.
MOST = 200

# Payloads are looked at as text: to parse each would double the cost of a plan. Within a JSON string every quote is
# escaped, so this matches nothing but the key itself.
_COVER = re.compile(r'"coverImgUrl":("[^"\\]*(?:\\.[^"\\]*)*")')


@dataclass(slots=True)
class Use:
    """Who uses a cover."""

    #: The variant of the first message with it.
    variant: str | None
    messages: int = 0


@dataclass(slots=True)
class Uses:
    """The covers of the messages seen so far."""

    #: By the address as a JSON string.
    _literals: dict[str, Use] = field(default_factory=dict)
    #: Messages with covers beyond the first `MOST`.
    others: int = 0

    def note(self, message: Message) -> None:
        found = _COVER.search(message.payload)
        literal = found[1] if found else '""'
        use = self._literals.get(literal)
        if use is None:
            if len(self._literals) >= MOST:
                self.others += 1
                return
            use = self._literals[literal] = Use(message.variant)
        use.messages += 1

    @property
    def urls(self) -> dict[str, Use]:
        return {json.loads(literal): use for literal, use in self._literals.items()}
