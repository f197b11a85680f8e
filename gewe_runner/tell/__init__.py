"""Tells problems and plans the way a CI service reads them; one module a format."""

import importlib
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:  # most problems are told to people
    from gewe_runner.tell.checked import Checked

#: What `validate --format` knows. Each stands in the module of its name, loaded only when it is asked for.
FORMATS = ("github", "gitlab", "sarif", "junit")


class Format(Protocol):
    """What the module of a format offers."""

    def text(self, checked: "Checked", /) -> str:
        """The whole output, without a last line end; may be empty."""


def text(form: str, checked: "Checked") -> str:
    """What was checked, in one of `FORMATS`: the whole output, without a last line end; may be empty."""
    return cast(Format, importlib.import_module(f"{__name__}.{form}")).text(checked)
