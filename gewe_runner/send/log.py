"""Writes one line for each attempt: what became of it, when, through which device, for which run."""

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from gewe_runner import words
from gewe_runner.exchange import Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """How the lines look."""

    json: bool = False
    #: Whole ids; they are personal data, so they are shortened unless asked for.
    recipients: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Log:
    """A watch that writes every outcome to the log of its run, and to one for all."""

    style: Style
    #: By run.
    files: Mapping[str, TextIO]
    all: TextIO | None = None

    def note(self, outcome: Outcome) -> None:
        text = line(outcome, self.style)
        for file in (self.files.get(outcome.intent.run), self.all):
            if file is not None:
                file.write(f"{text}\n")
                file.flush()

    def wait(self, until: int) -> None:
        """Waiting is no attempt."""


def line(outcome: Outcome, style: Style) -> str:
    """One attempt; the token is masked in the outcome's text already."""
    intent = outcome.intent
    at = datetime.datetime.fromtimestamp(outcome.ended_at / 1000, datetime.UTC)
    told = {
        "at": at.isoformat(timespec="milliseconds"),
        "action": "attempt",
        "outcome": "unsent" if outcome.unsent else str(outcome.state),
        "run": intent.run,
        "device": intent.device,
        "seq": intent.seq,
        "to": intent.to_wxid if style.recipients else words.short(intent.to_wxid),
        "ms": outcome.took,
        "text": ": ".join(filter(None, [outcome.reason, outcome.text])),
    }
    if style.json:
        return json.dumps(told, ensure_ascii=False)
    about = " ".join(f"{key}={told[key]}" for key in ("run", "device", "seq", "to", "ms"))
    said = "".join(c if c.isprintable() else " " for c in str(told["text"]))
    return f"{told['at']} {told['outcome']:<8} {about}  {said}"
