"""Freezes the messages: canonical lines on disk, and the digest over everything that the files decide."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from json.encoder import encode_basestring as _quoted
from pathlib import Path
from typing import Any

from gewe_runner import batches
from gewe_runner.model import Campaign, Delivery, Message, Profile, Reason, Skip

#: Raised when a line's shape or meaning changes.
FORMAT = 1

#: What of a header the files decide, and the digest covers.
DECIDED = ("format", "campaign", "edition", "profile", "send")

#: What stands before the payload in the line of a message, and behind it.
_PAYLOAD, _BEHIND = ',"payload":', '},"row":'

#: What the quotes of such a line, without its payload, part it into where the variant is null.
_PARTS = 25

# one for all lines: to make it takes as long as to use it
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))

#: How many whole messages a plan keeps at hand to be shown.
SAMPLES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The frozen messages of one campaign: a header, and a file with one canonical line a message or skip."""

    header: Mapping[str, Any]
    #: Where the lines are: the caller's temporary folder.
    path: Path
    samples: tuple[Message, ...]

    @property
    def digest(self) -> str:
        return str(self.header["digest"])

    @property
    def messages(self) -> int:
        return int(self.header["counts"]["messages"])

    def lines_total(self) -> int:
        """How many lines there are, messages and skips."""
        return self.messages + sum(self.skips.values())

    @property
    def devices(self) -> Mapping[str, int]:
        """Messages by device."""
        found: Mapping[str, int] = self.header["counts"]["devices"]
        return found

    @property
    def skips(self) -> Mapping[str, int]:
        """Skipped rows by reason."""
        found: Mapping[str, int] = self.header["counts"]["skips"]
        return found

    def lines(self) -> Iterator[Message | Skip]:
        """The plan's lines in order, read from the file as they are asked for."""
        with self.path.open(encoding="utf-8", newline="\n") as file:
            for line in file:
                yield parse(line)


def freeze(
    campaign: Campaign, profile: Profile, items: Iterable[Message | Skip], path: Path, made: Mapping[str, Any]
) -> Plan:
    """Number the messages, write the lines to `path` and compute the digest.

    Args:
        made: Where the plan comes from (tool, commit, sources); outside the digest.
    """
    decided = {
        "format": FORMAT,
        "campaign": campaign.name,
        "edition": campaign.edition,
        "profile": profile.name,
        "send": delivery(campaign),
    }
    digest = begun(decided)
    counts: dict[str, Counter[str]] = {"devices": Counter(), "variants": Counter(), "skips": Counter()}
    samples: list[Message] = []
    with path.open("wb") as file:
        for lines in batches.of(_lines(items, counts, samples)):
            raw = "".join(lines).encode()
            digest.update(raw)
            file.write(raw)
    messages = counts["devices"].total()
    header = {**decided, "counts": totals(messages, counts), "digest": digest.hexdigest(), "made": dict(made)}
    return Plan(header=sealed(header), path=path, samples=tuple(samples))


def _lines(
    items: Iterable[Message | Skip], counts: Mapping[str, Counter[str]], samples: list[Message]
) -> Iterator[str]:
    """The line of each; what they are is counted, and the first messages are kept."""
    devices, variants, skips = counts["devices"], counts["variants"], counts["skips"]
    seq = 0
    for item in items:
        if isinstance(item, Message):
            seq += 1
            devices[item.device] += 1
            if item.variant is not None:
                variants[item.variant] += 1
            if seq <= SAMPLES:
                samples.append(item._replace(seq=seq))
            yield _message_line(item, seq)
        else:
            skips[item.reason] += 1
            yield _skip_line(item)


def totals(messages: int, counts: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """The `counts` of a header."""
    return {"messages": messages} | {name: dict(sorted(count.items())) for name, count in counts.items()}


def sealed(header: Mapping[str, Any]) -> dict[str, Any]:
    """The header with the seal that belongs to it."""
    rest = {name: value for name, value in header.items() if name != "seal"}
    return {**rest, "seal": hashlib.sha256(canonical(rest).encode()).hexdigest()}


def begun(header: Mapping[str, Any]) -> "hashlib._Hash":
    """The digest of a plan as far as its header decides it; every line is still to be added."""
    decided = {name: header[name] for name in DECIDED}
    return hashlib.sha256(f"{canonical(decided)}\n".encode())


def canonical(value: Mapping[str, Any]) -> str:
    """JSON in its one form here: keys sorted, no spaces, UTF-8 left as it is."""
    return _ENCODER.encode(value)


def delivery(campaign: Campaign) -> dict[str, Any]:
    """The `send` part of a header: everything about the sending that the file decides, and that is not a default."""
    send, default = campaign.send, Delivery()
    found: dict[str, Any] = {
        "stop_when": {
            "failures_in_a_row": send.stop_when.failures_in_a_row,
            "failure_percent": send.stop_when.failure_percent,
        }
    }
    for name in ("not_before", "not_after", "wave_wait_minutes"):
        if getattr(send, name) != getattr(default, name):
            found[name] = getattr(send, name)
    if send.waves:
        found["waves"] = list(send.waves)
    if send.pace:
        found["pace"] = dict(send.pace)
    if campaign.frequency_cap:
        found["frequency_cap"] = {"messages": campaign.frequency_cap.messages, "days": campaign.frequency_cap.days}
    return found


def line(item: Message | Skip) -> str:
    """The canonical line of a numbered message or of a skip, with its line feed."""
    return _message_line(item, item.seq) if isinstance(item, Message) else _skip_line(item)


def parse(line: str) -> Message | Skip:
    """A message or skip from its line."""
    begin = line.find(_PAYLOAD)
    if begin >= 0:
        return _message(line, begin + len(_PAYLOAD))
    fields = json.loads(line)
    reason, _, text = fields["reason"].partition(": ")
    return Skip(to_wxid=fields["toWxid"], source=fields["source"], row=fields["row"], reason=Reason(reason), text=text)


def payload(line: str) -> str:
    """The payload in the line of a message, as it stands there."""
    begin = line.index(_PAYLOAD) + len(_PAYLOAD)
    return line[begin : _end(line, begin)]


def _end(line: str, begin: int) -> int:
    """Where the payload ends: a quote within its texts is escaped, so none of them looks like its end."""
    return line.index(_BEHIND, begin) + 1


def _message(line: str, begin: int) -> Message:
    end = _end(line, begin)
    around = f"{line[:begin]}{line[end:]}"
    if "\\" not in around:  # as in nearly all lines: no text has a quote in it; JSON's own reader takes much longer
        parts = around.split('"')
        variant = parts[25] if len(parts) > _PARTS else None
        row, seq = int(parts[8][1:-1]), int(parts[10][1:-1])
        return Message(parts[21], parts[3], variant, parts[17], row, line[begin:end], parts[13], seq)
    fields = json.loads(f"{line[:begin]}0{line[end:]}")
    return Message(
        seq=fields["seq"],
        to_wxid=fields["toWxid"],
        device=fields["device"],
        variant=fields["variant"],
        source=fields["source"],
        row=fields["row"],
        payload=line[begin:end],
        sha256=fields["sha256"],
    )


def _message_line(message: Message, seq: int) -> str:
    # Written part by part, the keys in their order: the payload is canonical JSON already, and an encoder that sorts
    # and escapes the rest anew takes longer than the card's templates.
    variant = "null" if message.variant is None else _quoted(message.variant)
    return (
        f'{{"device":{_quoted(message.device)},"payload":{message.payload},"row":{message.row},"seq":{seq},'
        f'"sha256":"{message.sha256}","source":{_quoted(message.source)},"toWxid":{_quoted(message.to_wxid)},'
        f'"variant":{variant}}}\n'
    )


def _skip_line(skip: Skip) -> str:
    reason = f"{skip.reason}: {skip.text}" if skip.text else str(skip.reason)
    fields = {"reason": reason, "row": skip.row, "source": skip.source, "toWxid": skip.to_wxid}
    return canonical(fields) + "\n"
