"""Tells problems and plans the way a CI service reads them; one module a format."""

from collections.abc import Mapping
from typing import Protocol

from gewe_runner.tell import github, gitlab, junit, sarif
from gewe_runner.tell.checked import Checked


class Format(Protocol):
    """What the module of a format offers."""

    def text(self, checked: Checked, /) -> str:
        """The whole output, without a last line end; may be empty."""


#: By the name that `validate --format` knows.
FORMATS: Mapping[str, Format] = {"github": github, "gitlab": gitlab, "sarif": sarif, "junit": junit}
