"""Tells what the gateway refused in its own words, and the setting that makes such a refusal stop a lane."""

import itertools
import json
import re
from collections.abc import Iterator

from gewe_runner import words
from gewe_runner.model import RunInfo, State

#: In characters: of a text as it is shown, and of the part of it that is looked for.
_SHOWN, _SOUGHT = 120, 60

#: Where the gateway names no cause, the sender tells its code, or `ret`: neither stands in a text to look for.
_NO_CAUSE = re.compile(r"\(code [^()]*\)$|^ret -?\d+$")

_ADVICE = (
    "if one of these is about the account, not the recipient, put its line into the profile in gewe.yaml",
    "(too_often: the device rests; device: its lane stops; token: everything stops)",
)


def told(info: RunInfo) -> Iterator[str]:
    """The run's refusals by text with counts, as lines that a terminal can be given; nothing where there are none."""
    if not info.refusals:
        return
    yield "rejected, in the gateway's own words:"
    for text, count in info.refusals.items():
        yield f"{count:>9,} × {words.line(text, _SHOWN) or '(no text)'}"
        if line := setting(text):
            yield f"            {line}"
    others = info.counts.get(State.REJECTED, 0) - sum(info.refusals.values())
    if others > 0:
        yield f"{others:>9,} × other texts: see messages.csv of the report"
    if any(map(setting, info.refusals)):
        yield from _ADVICE


def setting(text: str) -> str:
    """The line for a profile that takes refusals of this text for "too often"; empty where it names no cause."""
    if _NO_CAUSE.search(text):
        return ""
    # a part is enough, as it is looked for anywhere in what the gateway says; what cannot be seen cannot be pasted
    part = "".join(itertools.takewhile(str.isprintable, text))[:_SOUGHT].strip()
    return f"refusals: {{too_often: [{json.dumps(part, ensure_ascii=False)}]}}" if part else ""
