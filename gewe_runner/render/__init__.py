"""Makes messages of recipients: the card's templates filled with each row, checked and frozen as canonical JSON."""

import itertools
from collections.abc import Iterable, Iterator, Sequence

from gewe_runner.model import Assignment, Campaign, Message, Profile, Reason, Skip
from gewe_runner.problems import Problems
from gewe_runner.render import processes
from gewe_runner.render.names import Names
from gewe_runner.render.press import Frozen, Press, Pressed, Slip

#: Rows that are rendered at a time.
BATCH = 500


def messages(
    campaign: Campaign, profile: Profile, assignments: Iterable[Assignment | Skip], problems: Problems
) -> Iterator[Message | Skip]:
    """Render the card of every assignment, in order; skips pass through.

    A row whose card has an error gives no message but a problem, and the next row is rendered, so that all are
    counted. A row that any of its templates leaves out with `skip("…")` gives a skip, whatever the others do. What no
    template uses is told after the last row.

    Args:
        campaign: Checked: every template of it compiles, and its constant values are sound.
    """
    press = Press(campaign, profile)
    lines = Names(campaign, profile, press.names, problems).over(assignments)
    # each batch twice: its slips go to be pressed, the lines wait for what comes back
    batches, waiting = itertools.tee(_batches(lines))
    slips = ([_slip(one) for one in batch if isinstance(one, Assignment)] for batch in batches)
    for pressed, batch in zip(processes.pressed(campaign, profile, press, slips), waiting, strict=True):
        yield from _messages(batch, pressed, problems)


def _batches(lines: Iterable[Assignment | Skip]) -> Iterator[Sequence[Assignment | Skip]]:
    rest = iter(lines)
    while batch := list(itertools.islice(rest, BATCH)):
        yield batch


def _slip(assignment: Assignment) -> Slip:
    recipient = assignment.recipient
    source = recipient.source
    return Slip(
        source.where,
        source.label,
        recipient.row,
        recipient.to_wxid,
        recipient.values,
        assignment.device,
        assignment.variant,
    )


def _messages(batch: Sequence[Assignment | Skip], pressed: Pressed, problems: Problems) -> Iterator[Message | Skip]:
    """The batch's lines with the messages that its assignments have become."""
    assignments = [one for one in batch if isinstance(one, Assignment)]
    for index, rule, message in pressed.findings:
        recipient = assignments[index].recipient
        problems.add(rule.of_row(recipient.source, recipient.row, message))
    outcomes = iter(pressed.outcomes)
    for one in batch:
        if isinstance(one, Skip):
            yield one
            continue
        recipient, outcome = one.recipient, next(outcomes)
        if isinstance(outcome, Frozen):
            yield Message(
                to_wxid=recipient.to_wxid,
                device=one.device,
                variant=one.variant,
                source=recipient.source.label,
                row=recipient.row,
                payload=outcome.payload,
                sha256=outcome.sha256,
            )
        elif outcome is not None:
            yield Skip(
                to_wxid=recipient.to_wxid,
                source=recipient.source.label,
                row=recipient.row,
                reason=Reason.BY_TEMPLATE,
                text=outcome.reason,
            )
