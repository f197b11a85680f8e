"""Decides by a list's `where` whether a row is wanted."""

import json
from collections.abc import Callable, Mapping

from gewe_runner import errors, template
from gewe_runner.model import Source
from gewe_runner.problems import Problems
from gewe_runner.rules import lists

_LONG = 60


def compiled(source: Source, problems: Problems) -> Callable[[Mapping[str, str]], bool]:
    """What says of a row, by its names after `columns`, whether it is wanted.

    It raises `template.TemplateFault` where the row gives neither true nor false.

    Raises:
        errors.InvalidError: `where` is no expression; the problem has been added.
    """
    text, names = source.condition, source.vars
    if text is None:
        return lambda _row: True
    try:
        evaluate = template.Expression(text).evaluate
    except template.TemplateFault as fault:
        problems.add(lists.WHERE.at(source.document, source.condition_position, f"where: {fault.message}"))
        raise errors.InvalidError(f"the `where` of {source.called} cannot be used") from fault

    def wants(row: Mapping[str, str]) -> bool:
        given = evaluate({**names, **row})
        if isinstance(given, bool):
            return given
        raise template.TemplateFault(_refusal(text, given))

    return wants


def _refusal(text: str, given: object) -> str:
    shown = json.dumps(given, ensure_ascii=False, default=str)
    shown = shown if len(shown) <= _LONG else shown[:_LONG] + "…"
    if isinstance(given, str):
        plain = text.strip() if text.strip().isidentifier() else "column"
        return f'it gave the text {shown}, and any text counts as true; compare it: where: {plain} == "yes"'
    return f"it gave {shown}, neither true nor false; compare it: where: ({text.strip()}) == ..."
