"""Counts a run in one pass and bounded memory, so that totals can stand before the rows."""

import bisect
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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


def count(records: Iterable[Record], skips: Iterable[Skip], waves: Sequence[int] = ()) -> Tally:
    """Go through a run's rows once.

    Args:
        waves: The last `seq` of each wave.
    """
    by_wave: list[Counter[str]] = [Counter() for _ in waves]
    timeline = Timeline()
    kinds: Counter[tuple[str, str, str | None]] = Counter()
    refusals: Counter[str] = Counter()
    other = 0
    unknown: list[Record] = []
    for record in records:
        kinds[record.state, record.device, record.variant] += 1
        if (wave := bisect.bisect_left(waves, record.seq)) < len(waves):
            by_wave[wave][record.state] += 1
        if record.started_at is not None and record.state != State.PENDING:
            timeline.add(record.started_at)
        if record.state == State.REJECTED:
            text = words.line(record.gateway_text or record.reason)
            if text in refusals or len(refusals) < TEXTS:
                refusals[text] += 1
            else:
                other += 1
        elif record.state == State.UNKNOWN and len(unknown) < NAMED:
            unknown.append(record)
    devices = sorted({device for _state, device, _variant in kinds})
    variants = sorted({variant for _state, _device, variant in kinds if variant is not None})
    return Tally(
        totals=totals(_by_state(kinds)),
        devices={name: totals(_by_state(kinds, device=name)) for name in devices},
        variants={name: totals(_by_state(kinds, variant=name)) for name in variants},
        skips=in_order(Counter(skip.reason for skip in skips)),
        refusals=dict(sorted(refusals.items(), key=lambda entry: (-entry[1], entry[0]))),
        other_refusals=other,
        unknown=tuple(unknown),
        waves=[totals(states) for states in by_wave] if len(waves) > 1 else [],
        timeline=timeline,
    )


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
