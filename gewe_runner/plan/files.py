"""Writes a plan as a file to be looked at and approved, and reads it back so that no altered byte gets through."""

import contextlib
import gzip
import hashlib
import json
import os
import shutil
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from gewe_runner import errors
from gewe_runner.model import CARD_FIELDS, Campaign, Delivery, FrequencyCap, Message, Reason, StopWhen
from gewe_runner.plan import freeze, redact
from gewe_runner.plan.ids import Ids

#: What a plan file's name ends in.
PLAIN, PACKED = ".jsonl", ".jsonl.gz"

#: No line of a plan is longer: six values of 65,536 characters fit.
LONGEST = 4 * 1024 * 1024

#: Lines after which whoever waits is told.
_TOLD = 500

_HEADER = {*freeze.DECIDED, "counts", "digest", "made", "seal"}
_MESSAGE = {"seq", "toWxid", "device", "variant", "source", "row", "payload", "sha256"}
#: The texts of a message.
_PARTS = ("toWxid", "device", "source", "sha256")
_SKIP = {"toWxid", "source", "row", "reason"}
_PAYLOAD = {"toWxid", *CARD_FIELDS}
_REASONS = {Reason.FILTERED, Reason.DUPLICATE, Reason.SUPPRESSED, Reason.HOLDOUT, Reason.BY_TEMPLATE}

_Bytes = IO[bytes] | gzip.GzipFile


def write(plan: freeze.Plan, path: Path, *, draft: bool = False, redacted: bool = False) -> None:
    """Write the plan to `path` (`.jsonl`, `.jsonl.gz`), whole or not at all, readable for its owner alone.

    Args:
        draft: The campaign is one, so the plan is not to be sent.
        redacted: Pseudonyms instead of ids: a copy to look at, which cannot be sent.

    Raises:
        errors.UsageError: the name has another ending, or the file cannot be written.
    """
    if not path.name.endswith((PLAIN, PACKED)):
        raise errors.UsageError(f"{path}: a plan file ends in {PLAIN} or {PACKED}", hint=f"-o {path}{PLAIN}")
    header = dict(plan.header) | ({"draft": True} if draft else {}) | ({"redacted": True} if redacted else {})
    try:
        with _replacing(path) as file, plan.path.open("rb") as lines:
            file.write(f"{freeze.canonical(freeze.sealed(header))}\n".encode())
            if redacted:
                file.writelines(redact.lines(plan))
            else:
                shutil.copyfileobj(lines, file)
    except OSError as error:
        raise errors.UsageError(f"{path} cannot be written: {error.strerror}", hint="name another with -o") from error


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[_Bytes]:
    """A file beside `path` that takes its place in the end; without the time and name that gzip would put in."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path; only its owner may read it
            if path.name.endswith(PACKED):
                with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as packed:
                    yield packed
            else:
                yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read(path: Path, into: Path, seen: Callable[[int], None] = lambda _lines: None) -> freeze.Plan:
    """Verify a plan file in one pass: its seal, each line and payload, its counts and its digest.

    Args:
        path: The plan file; of a `.gz` the uncompressed bytes count.
        into: Takes the verified lines, since the file itself may change while they are used.
        seen: Told how many lines have just been verified.

    Returns:
        The plan; what its header says beyond digest and counts was not looked at.

    Raises:
        errors.NotApprovedError: it is no plan file, was altered, or is a redacted copy; where and how.
        errors.UsageError: it cannot be read.
    """
    try:
        with _opened(path) as file, into.open("wb") as copy, Ids() as ids:
            return _Reader(path, file, ids).plan(copy, into, seen)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _altered(path, "it is no complete gzip file") from error
    except OSError as error:
        raise errors.UsageError(f"{path} cannot be read: {error.strerror}") from error


def _opened(path: Path) -> _Bytes:
    return gzip.open(path, "rb") if path.name.endswith(".gz") else path.open("rb")


def campaign(plan: freeze.Plan, path: Path, shown: str, project: Path) -> Campaign:
    """What a plan file tells of its campaign: everything but the card, the lists and the policy.

    Args:
        path: The plan file, which problems name as `shown`.

    Raises:
        errors.NotApprovedError: the header's `send` says more than a campaign can.
    """
    send = plan.header["send"]
    cap = send.get("frequency_cap")
    found = Campaign(
        path=path,
        shown=shown,
        project=project,
        name=plan.header["campaign"],
        edition=plan.header["edition"],
        draft=plan.header.get("draft", False),
        card={},
        recipients=(),
        frequency_cap=FrequencyCap(**cap) if cap else None,
        send=delivery(send),
    )
    if freeze.canonical(freeze.delivery(found)) != freeze.canonical(send):
        raise _altered(path, "its header says something about the sending that no campaign says")
    return found


def delivery(send: Mapping[str, Any]) -> Delivery:
    """What the header of a plan says about the sending."""
    return Delivery(
        waves=tuple(send.get("waves", ())),
        stop_when=StopWhen(**send.get("stop_when", {})),
        pace={name: tuple(limit) if isinstance(limit, list) else limit for name, limit in send.get("pace", {}).items()},
        **{name: send[name] for name in ("not_before", "not_after", "wave_wait_minutes") if name in send},
    )


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


class _Reader:
    """One pass over a plan file."""

    def __init__(self, path: Path, file: _Bytes, ids: Ids) -> None:
        self._path, self._file, self._ids = path, file, ids
        self._line = 0
        self._seq = 0
        self._counts: dict[str, Counter[str]] = {"devices": Counter(), "variants": Counter(), "skips": Counter()}

    def plan(self, copy: IO[bytes], into: Path, seen: Callable[[int], None]) -> freeze.Plan:
        header = self._header()
        digest = freeze.begun(header)
        samples: list[Message] = []
        expected = self._expected(header)
        while raw := self._next():
            if self._line > expected + 1:
                raise self._fault(f"the header counts {expected:,} lines, and there are more")
            if self._is_message(raw) and len(samples) < freeze.SAMPLES:
                samples.extend(line for line in [freeze.parse(raw.decode())] if isinstance(line, Message))
            digest.update(raw)
            copy.write(raw)
            if self._line % _TOLD == 0:
                seen(_TOLD)
        self._compare(header, digest.hexdigest())
        return freeze.Plan(header=header, path=into, samples=tuple(samples))

    def _header(self) -> dict[str, Any]:
        raw = self._next()
        header = self._tree(raw) if raw else {}
        if header.get("format", freeze.FORMAT) != freeze.FORMAT or not header.keys() >= _HEADER:
            raise errors.NotApprovedError(
                f"{self._path}: this is no plan of format {freeze.FORMAT}: its header comes first; nothing was sent",
                hint="gewe-runner plan CAMPAIGN -o FILE writes one",
            )
        if freeze.sealed(header)["seal"] != header["seal"]:
            raise self._fault("its header was altered: the seal is not that of the rest")
        if "redacted" in header:
            raise errors.NotApprovedError(
                f"{self._path} is a redacted copy, with pseudonyms instead of ids: it is there to be looked at",
                hint="use the plan file that was written without --redact",
            )
        return header

    def _expected(self, header: Mapping[str, Any]) -> int:
        """How many lines the header promises: no file that goes on for ever is read for ever."""
        try:
            numbers = [header["counts"]["messages"], *header["counts"]["skips"].values()]
            return sum(number for number in numbers if isinstance(number, int))
        except (AttributeError, KeyError, TypeError) as error:
            raise self._fault("its counts have another form") from error

    def _next(self) -> bytes:
        raw = self._file.readline(LONGEST + 1)
        self._line += 1
        if len(raw) > LONGEST:
            raise self._fault(f"line {self._line} is longer than any of a plan")
        if raw and not raw.endswith(b"\n"):
            raise self._fault(f"line {self._line} breaks off")
        return raw

    def _tree(self, raw: bytes) -> dict[str, Any]:
        """A line as JSON; one that has not its canonical form was not written by this program."""
        try:
            text = raw.decode()
            tree = _DECODER.decode(text[:-1])
            if isinstance(tree, dict) and f"{freeze.canonical(tree)}\n" == text:
                return tree
        except (ValueError, RecursionError) as error:
            raise self._fault(f"line {self._line} is not JSON") from error
        raise self._fault(f"line {self._line} is not a canonical JSON object")

    def _is_message(self, raw: bytes) -> bool:
        """Check a line; whether it is a message's."""
        tree = self._tree(raw)
        fault = self._message(tree, raw.decode()) if "payload" in tree else self._skip(tree)
        if fault:
            raise self._fault(f"line {self._line}: {fault}")
        return "payload" in tree

    def _message(self, tree: Mapping[str, Any], line: str) -> str:
        """What is wrong with a message's line; empty where nothing is."""
        self._seq += 1
        payload = tree["payload"]
        if tree.keys() != _MESSAGE or not _texts(*(tree[name] for name in _PARTS)) or not _row(tree):
            return "a message has other parts"
        if not isinstance(payload, dict) or payload.keys() != _PAYLOAD or not _texts(*payload.values()):
            return "the payload has other parts than the API's seven texts"
        if tree["variant"] is not None and not _texts(tree["variant"]):
            return "a message has other parts"
        if type(tree["seq"]) is not int or tree["seq"] != self._seq:
            return f"message {self._seq:,} is expected here, in their order"
        if payload["toWxid"] != tree["toWxid"]:
            return "the payload is for somebody else than the message"
        if not self._ids.is_new(tree["toWxid"]):
            return "there is a message for this recipient already"
        if hashlib.sha256(freeze.payload(line).encode()).hexdigest() != tree["sha256"]:
            return "the payload was altered: its SHA-256 is another one"
        self._counts["devices"][tree["device"]] += 1
        if tree["variant"] is not None:
            self._counts["variants"][tree["variant"]] += 1
        return ""

    def _skip(self, tree: Mapping[str, Any]) -> str:
        if tree.keys() != _SKIP or not _texts(tree["source"], tree["reason"]) or not _row(tree):
            return "it is neither a message nor a row that gets none"
        if not isinstance(tree["toWxid"], str):
            return "a skipped row has other parts"
        reason, _, text = tree["reason"].partition(": ")
        written = f"{Reason.BY_TEMPLATE}: {text}" if text else reason
        if reason not in _REASONS or tree["reason"] != written:
            return "a row is skipped for a reason that no plan has"
        self._counts["skips"][reason] += 1
        return ""

    def _compare(self, header: Mapping[str, Any], digest: str) -> None:
        counts = freeze.totals(self._seq, self._counts)
        if freeze.canonical(header["counts"]) != freeze.canonical(counts):
            raise self._fault("its lines are not those that the header counts")
        if header["digest"] != digest:
            raise self._fault(f"its content was altered: the digest is {digest}, and the header says another one")

    def _fault(self, message: str) -> errors.NotApprovedError:
        return _altered(self._path, message)


def _altered(path: Path, message: str) -> errors.NotApprovedError:
    return errors.NotApprovedError(
        f"{path}: {message}; nothing was sent", hint="write it anew: gewe-runner plan CAMPAIGN -o FILE"
    )


def _texts(*values: object) -> bool:
    """Whether all of them are texts, none empty and none with a NUL, which no database takes."""
    return set(map(type, values)) == {str} and all(values) and not any("\0" in str(value) for value in values)


def _row(tree: Mapping[str, Any]) -> bool:
    return type(tree["row"]) is int and 1 <= tree["row"] < 2**53
