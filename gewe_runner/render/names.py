"""Which columns and variables the templates of a campaign use, and which columns hide a variable."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gewe_runner import template
from gewe_runner.model import Campaign, Profile, Source
from gewe_runner.problems import Problems
from gewe_runner.render.press import Sheet
from gewe_runner.rules import templates


@dataclass(kw_only=True, slots=True)
class _List:
    """What is known of a list while its rows pass."""

    source: Source
    #: The names of the variables that its rows see.
    variables: frozenset[str]
    columns: set[str] = field(default_factory=set)


class Names:
    """The names that the rows of a campaign's lists have shown so far.

    Args:
        used: The names that the templates of its cards take from outside.
    """

    def __init__(self, campaign: Campaign, profile: Profile, used: frozenset[str], problems: Problems) -> None:
        self._campaign, self._used, self._problems = campaign, used, problems
        self._lists = {
            one.where: _List(source=one, variables=frozenset({*profile.vars, *campaign.vars, *one.vars}))
            for one in campaign.recipients
        }

    def over(self, batches: Iterable[list[Sheet]]) -> Iterator[list[Sheet]]:
        """Note the columns of the rows while they pass; at their end tell what nothing uses."""
        for sheets in batches:
            for sheet in sheets:
                rows = self._lists[sheet.where]
                self._meet(rows, set(sheet.names) - rows.columns)
            yield sheets
        self._tell_unused()

    def _meet(self, rows: _List, columns: set[str]) -> None:
        """Note columns that are new, and say which variables they hide."""
        rows.columns |= columns
        for name in sorted(columns & rows.variables):
            message = f"the column {name!r} of {rows.source.label} hides the variable of that name"
            self._problems.add(templates.HIDDEN.at(rows.source.document, rows.source.position, message))

    def _tell_unused(self) -> None:
        """Say which variables and columns nothing has used."""
        sources = self._campaign.recipients
        own = {source.where: _names(source) for source in sources}
        used = self._used.union(*own.values())
        for name in self._campaign.vars:
            if name not in used:
                place = self._campaign.positions.get(("vars", name))
                self._problems.add(templates.UNUSED_VARIABLE.at(self._campaign.shown, place, _unused(name)))
        for source in sources:
            here = self._used | own[source.where]
            for name in source.vars:
                if name not in here:
                    self._problems.add(templates.UNUSED_VARIABLE.at(source.document, source.position, _unused(name)))
            rows = self._lists[source.where]
            unused = sorted(rows.columns - here - source.columns.keys() - {"toWxid", "device"})
            if unused:
                message = f"{source.label} has columns that nothing uses: {', '.join(unused)}"
                self._problems.add(templates.UNUSED_COLUMN.at(source.document, source.position, message))


def _unused(name: str) -> str:
    return f"the variable {name!r} is used by no template, `where` or query; remove it or correct its name"


def _names(source: Source) -> frozenset[str]:
    """The names that a list itself uses: those of its `where`, and the variables that its query is asked with."""
    names = template.Expression(source.condition).names if source.condition else frozenset()
    return names.union(source.sql.parameters if source.sql else ())
