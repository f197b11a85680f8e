"""Counts a run in one pass and bounded memory, while its rows pass by."""

import bisect
import operator
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gewe_runner import words
from gewe_runner.model import Reason, Record, Skip, State
from gewe_runner.report.timeline import Timeline

#: The state of every message in a dry run.
WOULD_SEND = "would_send"
#: Distinct texts of refusals that are counted apart; a gateway can put anything into them.
TEXTS = 100
#: Unknown messages that a summary names one by one.
NAMED = 20

#: What a message may have become, in the order of telling; `sending` is not yet anything but pending.
_OUTCOMES = (State.SENT, State.REJECTED, State.UNKNOWN, State.PENDING, State.CANCELLED)

_KIND = operator.attrgetter("state", "device", "variant")
_SEQ, _STATE = operator.attrgetter("seq"), operator.attrgetter("state")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """The counts of a report. Every `totals` is what `totals()` gives."""

    totals: Mapping[str, int]
    #: `totals` by device and by variant, both by name in alphabetical order.
    devices: Mapping[str, Mapping[str, int]]
    variants: Mapping[str, Mapping[str, int]]
    #: Skipped rows by reason, in the order in which the reasons apply.
    skips: Mapping[str, int]
    #: Rejected messages by the gateway's text as one line, the commonest first; at most `TEXTS` of them.
    refusals: Mapping[str, int]
    #: Rejected messages with a text beyond those.
    other_refusals: int
    #: The first `NAMED` unknown messages.
    unknown: tuple[Record, ...]
    #: `totals` of each wave, in their order; empty where there is only one.
    waves: Sequence[Mapping[str, int]]
    #: When requests were begun.
    timeline: Timeline


def totals(counts: Mapping[str, int]) -> dict[str, int]:
    """Messages by state as a report adds them up: `planned` is the sum of all the others.

    Args:
        counts: Messages by `State`, or by `would_send` in a dry run, which then has an entry of its own.
    """
    result = {"planned": 0, **{str(state): 0 for state in _OUTCOMES}}
    if WOULD_SEND in counts:
        result[WOULD_SEND] = 0
    for state, count in counts.items():
        # The outcome of a request in flight is still to come, whoever waits for it.
        result[State.PENDING if state == State.SENDING else state] += count
        result["planned"] += count
    return result


class Count:
    """Counts rows batch by batch.

    Args:
        waves: The last `seq` of each wave.
        dry: Whether it is a dry run, which says so also where no message is left.
    """

    def __init__(self, waves: Sequence[int] = (), *, dry: bool = False) -> None:
        self._waves, self._dry = waves, dry
        self._by_wave: list[Counter[str]] = [Counter() for _ in waves]
        self._timeline = Timeline()
        self._kinds: Counter[tuple[str, str, str | None]] = Counter()
        self._skips: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()
        self._other = 0
        self._unknown: list[Record] = []

    def messages(self, batch: Sequence[Record]) -> None:
        """Count messages, which come in plan order."""
        self._kinds.update(map(_KIND, batch))
        self._timeline.add(one.started_at for one in batch if one.started_at is not None and one.state != State.PENDING)
        begin = 0
        for last, states in zip(self._waves, self._by_wave, strict=True):
            end = bisect.bisect_right(batch, last, lo=begin, key=_SEQ)
            states.update(map(_STATE, batch[begin:end]))
            begin = end
        for one in batch:
            if one.state == State.REJECTED:
                self._refuse(words.line(one.gateway_text or one.reason))
            elif one.state == State.UNKNOWN and len(self._unknown) < NAMED:
                self._unknown.append(one)

    def skips(self, batch: Sequence[Skip]) -> None:
        """Count skipped rows."""
        self._skips.update(skip.reason for skip in batch)

    def tally(self) -> Tally:
        """What was counted so far."""
        kinds = self._kinds
        devices = sorted({device for _state, device, _variant in kinds})
        variants = sorted({variant for _state, _device, variant in kinds if variant is not None})
        return Tally(
            totals=totals({**({WOULD_SEND: 0} if self._dry else {}), **_by_state(kinds)}),
            devices={name: totals(_by_state(kinds, device=name)) for name in devices},
            variants={name: totals(_by_state(kinds, variant=name)) for name in variants},
            skips=in_order(self._skips),
            refusals=dict(sorted(self._refusals.items(), key=lambda entry: (-entry[1], entry[0]))),
            other_refusals=self._other,
            unknown=tuple(self._unknown),
            waves=[totals(states) for states in self._by_wave] if len(self._waves) > 1 else [],
            timeline=self._timeline,
        )

    def _refuse(self, text: str) -> None:
        if text in self._refusals or len(self._refusals) < TEXTS:
            self._refusals[text] += 1
        else:
            self._other += 1


def in_order(skips: Mapping[str, int]) -> dict[str, int]:
    """Skips by reason, in the order in which the reasons apply, without those that met nobody."""
    return {str(reason): skips[reason] for reason in Reason if skips.get(reason)}


def _by_state(
    kinds: Mapping[tuple[str, str, str | None], int], *, device: str | None = None, variant: str | None = None
) -> Counter[str]:
    states: Counter[str] = Counter()
    for (state, its_device, its_variant), number in kinds.items():
        if device in (None, its_device) and variant in (None, its_variant):
            states[state] += number
    return states
