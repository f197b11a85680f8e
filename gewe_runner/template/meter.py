"""The account of one render: every value passes here and pays for its size."""

import math

from gewe_runner.template import faults

#: Characters of a template's text.
LENGTH = 16 * 1024
#: Characters or items of any value, on the way and in the end.
SIZE = 64 * 1024
#: Nodes repeated, and characters and items handled, in one render.
STEPS = 100_000
#: Levels of lists within lists, and of macros that call macros.
NESTING, CALLS = 8, 16
#: Bits of a whole number.
BITS = 128


class Account:
    """What one render has spent so far."""

    def __init__(self) -> None:
        self.spent = 0

    def charge(self, steps: int) -> None:
        self.spent += steps
        if self.spent > STEPS:
            raise faults.RefusalError(f"this takes more than {STEPS:,} steps; make its loops, lists or texts smaller")

    def weigh(self, value: object, depth: int = 0) -> None:
        """Charge a value by its size; refuses what is no value, too large or nested too deeply."""
        if isinstance(value, str):
            size = len(value)
            self.spent += 1 + size
            if size > SIZE or self.spent > STEPS:
                refuse_size(size)
                self.charge(0)
            return
        self.charge(1)
        if isinstance(value, list | tuple | dict):
            if depth == NESTING:
                raise faults.RefusalError(f"lists and mappings may not be nested more than {NESTING} levels deep")
            for item in (*value, *value.values()) if isinstance(value, dict) else value:
                self.weigh(item, depth + 1)
        elif isinstance(value, int | float):
            refuse_number(value)
        elif value is not None:
            self.refuse(value, depth)

    def refuse(self, _value: object, _depth: int) -> None:
        """Refuse what is no value."""
        raise faults.RefusalError("only text, numbers, lists and mappings can be worked with; a function needs its ()")

    def text(self, value: object) -> str:
        """The value as it stands in a card, paid for."""
        self.weigh(value)
        return text(value)


def refuse_long(text: str) -> None:
    if len(text) > LENGTH:
        raise faults.TemplateFault(f"this is longer than {LENGTH:,} characters")


def refuse_size(size: int) -> None:
    if size > SIZE:
        raise faults.RefusalError(f"this makes a text or list larger than {SIZE:,}")


def refuse_number(value: float) -> None:
    if (value.bit_length() > BITS) if isinstance(value, int) else not math.isfinite(value):
        raise faults.RefusalError("the number is too large, or not a number")


def text(value: object) -> str:
    """A text or number as text; what would show Python's own notation is refused."""
    if type(value) is str:
        return value
    if isinstance(value, list | tuple):
        raise faults.RefusalError("a list cannot stand in a text; join its parts: | join(', ')")
    if isinstance(value, dict):
        raise faults.RefusalError(f"a mapping cannot stand in a text; name one of its parts: {faults.listed(value)}")
    if value is None:
        raise faults.RefusalError("none cannot stand in a text; give it a value: | default('…', true)")
    return str(value)
