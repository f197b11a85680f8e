"""Knows ids that a spreadsheet has damaged, by marks that no id has of itself."""

import re

from gewe_runner.model import Source
from gewe_runner.problems import Problems
from gewe_runner.rules import lists

#: A number in the notation of spreadsheets, an error of a formula, a column that was too narrow when it was printed.
_MARK = re.compile(
    r"[0-9](?:[.,][0-9]+)?[Ee]\+[0-9]{2,3}"
    r"|#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!|GETTING_DATA)|#{3,}"
)

#: A spreadsheet keeps 15 digits of a number. Lost ones show from three on: of itself, one number in a thousand ends so.
_ROUNDED = re.compile(r"[1-9][0-9]{14}0{3,}(?:\.0*)?")


class Damage:
    """The damaged ids of one list: how many, and the first of them."""

    def __init__(self) -> None:
        self._count = 0
        self._first = ""
        self._row = 1

    def look(self, wxid: str, row: int) -> None:
        """Count the id if it is damaged."""
        # nearly every id begins with a letter, and this is asked of each
        if wxid[:1].isalpha() or not (_MARK.fullmatch(wxid) or _ROUNDED.fullmatch(wxid)):
            return
        self._count += 1
        if self._count == 1:
            self._first, self._row = wxid, row

    def tell(self, source: Source, column: str, number: int, problems: Problems) -> None:
        """Add the warning, if there was any.

        Args:
            column: The list's name of the column with the ids, and its number.
        """
        if not self._count:
            return
        counted = "1 id was" if self._count == 1 else f"{self._count:,} ids were"
        shown = self._first if len(self._first) <= 40 else self._first[:39] + "…"
        message = f'{column}: {counted} damaged by a spreadsheet, first "{shown}"; export the column anew, as text'
        problems.add(lists.ID_DAMAGED.of_row(source, self._row, message, number))
