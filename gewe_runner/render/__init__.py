"""Makes messages of recipients: the card's templates filled with each row, checked and frozen as canonical JSON."""

from collections.abc import Iterable, Iterator, Sequence

from gewe_runner import batches
from gewe_runner.model import Assignment, Campaign, Message, Profile, Reason, Skip
from gewe_runner.problems import Problems
from gewe_runner.render import processes
from gewe_runner.render.names import Names
from gewe_runner.render.press import Press, Pressed, Sheet


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
    for batch, pressed in _pressed(campaign, profile, assignments, Press.press, problems):
        _tell(batch, pressed, problems)
        yield from _messages(batch, pressed)


def check(campaign: Campaign, profile: Profile, assignments: Iterable[Assignment | Skip], problems: Problems) -> None:
    """Tell what `messages` tells, without a message for every row."""
    for batch, pressed in _pressed(campaign, profile, assignments, Press.check, problems):
        _tell(batch, pressed, problems)


def _pressed(
    campaign: Campaign,
    profile: Profile,
    assignments: Iterable[Assignment | Skip],
    how: processes.How,
    problems: Problems,
) -> Iterator[tuple[Sequence[Assignment | Skip], Pressed]]:
    """What became of each batch of rows."""
    press = Press(campaign, profile)
    names = Names(campaign, profile, press.names, problems)

    def pressed(batch: Iterator[Sequence[Assignment | Skip]]) -> Iterator[Pressed]:
        return processes.pressed(campaign, profile, press, names.over(map(_sheets, batch)), how)

    return batches.beside(batches.of(assignments), pressed)


def _sheets(batch: Iterable[Assignment | Skip]) -> list[Sheet]:
    """The batch's assignments; neighbours of one list with the same columns in the same order share a sheet."""
    found: list[Sheet] = []
    source, names = None, None
    for one in batch:
        if isinstance(one, Skip):
            continue
        recipient = one.recipient
        columns = tuple(recipient.values)  # in their order: a slip has its values without their names
        if recipient.source is not source or columns != names:
            source, names = recipient.source, columns
            found.append(Sheet(source.where, source.label, names, []))
        found[-1].slips.append(
            (recipient.row, recipient.to_wxid, one.device, one.variant, tuple(recipient.values.values()))
        )
    return found


def _tell(batch: Sequence[Assignment | Skip], pressed: Pressed, problems: Problems) -> None:
    if pressed.findings:
        assignments = [one for one in batch if isinstance(one, Assignment)]
        for index, rule, message in pressed.findings:
            recipient = assignments[index].recipient
            problems.add(rule.of_row(recipient.source, recipient.row, message))


def _messages(batch: Sequence[Assignment | Skip], pressed: Pressed) -> Iterator[Message | Skip]:
    """The batch's lines with the messages that its assignments have become."""
    outcomes = enumerate(zip(pressed.payloads, pressed.digests, strict=True))
    for one in batch:
        if isinstance(one, Skip):
            yield one
            continue
        recipient, (index, (payload, sha256)) = one.recipient, next(outcomes)
        label = recipient.source.label
        if payload:
            yield Message(recipient.to_wxid, one.device, one.variant, label, recipient.row, payload, sha256)
        elif index in pressed.left:
            yield Skip(recipient.to_wxid, label, recipient.row, Reason.BY_TEMPLATE, pressed.left[index])
