"""The table of outcomes: what each answer and each fault of a socket leads to. The README shows this very table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gewe_runner.model import State
from gewe_runner.send import policy
from gewe_runner.send.answers import Answer, Envelope, Loss, Lost, NoEnvelope, NotSent
from gewe_runner.send.policy import LaneEffect, Refusal, RunEffect
from gewe_runner.wire.failures import Unsent

ACCEPTED, FAILED = "操作成功", "发送小程序失败"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """A row: answers that lead to the same, and what they lead to."""

    #: As the README has it.
    told: str
    answers: Sequence[Answer]
    state: State
    lane: LaneEffect = LaneEffect.GO_ON
    run: RunEffect = RunEffect.GO_ON
    retry: bool = False


def envelope(ret: int = 500, msg: str = FAILED, *, inner: str = "", new: str = "", status: int = 200) -> Envelope:
    return Envelope(
        http_status=status, ret=ret, msg=msg, code="", inner=inner or msg, msg_id="", new_msg_id=new, create_time=""
    )


def pages(*statuses: int) -> list[NoEnvelope]:
    return [NoEnvelope(http_status=status, text="<html>") for status in statuses]


def _texts(refusal: Refusal) -> str:
    return ", ".join(f"`{text}`" for text in policy.TEXTS[refusal])


def _saying(refusal: Refusal, *more: Envelope) -> list[Envelope]:
    """Each text of the class, alone as the inner one and amid others as the outer."""
    texts = policy.TEXTS[refusal]
    return [*(envelope(inner=text) for text in texts), *(envelope(msg=f"[wx_1] {text}=***") for text in texts), *more]


def _not_sent(*kinds: Unsent) -> list[NotSent]:
    return [NotSent(kind=kind, text="no") for kind in kinds]


def _lost(*kinds: Loss) -> list[Lost]:
    return [Lost(kind=kind, text="no") for kind in kinds]


_NEVER_LEFT = {
    "the gateway's name is not known": Unsent.DNS,
    "the connection is refused or breaks before the request": Unsent.CONNECT,
    "no connection comes about in time": Unsent.TIMEOUT,
    "TLS fails, as by an untrusted certificate": Unsent.TLS,
    "the proxy refuses": Unsent.PROXY,
    "its address, or a proxy's, cannot be used": Unsent.ADDRESS,
}

_LEFT = {
    "no answer comes in time": Loss.TIMEOUT,
    "the connection breaks before the answer": Loss.BROKEN,
    "the answer ends too early": Loss.TRUNCATED,
    "the answer cannot be read as HTTP, or unpacked": Loss.GARBLED,
    "the answer is larger than 1 MiB": Loss.TOO_BIG,
}

TABLE: Sequence[Outcome] = (
    Outcome(
        told="`ret` 200 with a `newMsgId`",
        answers=[
            envelope(200, ACCEPTED, new="3190424380344821001"),
            envelope(200, ACCEPTED, new="-9"),
            envelope(200, "微信已离线", new="1"),
            envelope(200, ACCEPTED, new="1", status=500),
        ],
        state=State.SENT,
    ),
    Outcome(
        told="`ret` 200 without one",
        answers=[envelope(200, ACCEPTED), envelope(200, ACCEPTED, new="0")],
        state=State.UNKNOWN,
    ),
    Outcome(
        told=f"{_texts(Refusal.UNCERTAIN)}: the gateway could not reach WeChat",
        answers=_saying(Refusal.UNCERTAIN, envelope(inner="exceeded maximum retries: 微信已离线")),
        state=State.UNKNOWN,
    ),
    Outcome(
        told=f"{_texts(Refusal.TOKEN)}: the token is missing or refused",
        answers=_saying(Refusal.TOKEN, envelope(msg="http header: x-gewe-token=***", status=401)),
        state=State.PENDING,
        run=RunEffect.STOP,
    ),
    Outcome(
        told=f"{_texts(Refusal.DEVICE)}: the device is offline or unknown",
        answers=_saying(Refusal.DEVICE),
        state=State.PENDING,
        lane=LaneEffect.STOP,
    ),
    Outcome(
        told=f"{_texts(Refusal.TOO_OFTEN)}",
        answers=_saying(Refusal.TOO_OFTEN, envelope(429, "Too Many Requests", status=429)),
        state=State.PENDING,
        lane=LaneEffect.REST,
    ),
    Outcome(
        told="any other `ret`",
        answers=[
            envelope(),
            envelope(0, "ok", new="1"),
            envelope(-1, "用户不存在", status=500),
            envelope(inner="用户不存在", status=404),
        ],
        state=State.REJECTED,
    ),
    Outcome(
        told="a redirect, or HTTP 401, 403, 404, 405, 407 without the API's envelope: a wrong address",
        answers=pages(301, 302, 304, 307, 308, 401, 403, 404, 405, 407),
        state=State.PENDING,
        run=RunEffect.STOP,
    ),
    Outcome(told="HTTP 429 without the API's envelope", answers=pages(429), state=State.PENDING, lane=LaneEffect.REST),
    Outcome(
        told="anything else without the API's envelope",
        answers=pages(200, 204, 400, 413, 500, 502, 503, 504),
        state=State.UNKNOWN,
    ),
    *(
        Outcome(told=f"the request never left: {words}", answers=_not_sent(kind), state=State.PENDING, retry=True)
        for words, kind in _NEVER_LEFT.items()
    ),
    *(
        Outcome(told=f"the request left, and {words}", answers=_lost(kind), state=State.UNKNOWN)
        for words, kind in _LEFT.items()
    ),
)

_LANES = {
    LaneEffect.GO_ON: "goes on",
    LaneEffect.REST: "rests for `cool_down_minutes`; stops where that is null",
    LaneEffect.STOP: "stops",
}
_RUNS = {RunEffect.GO_ON: "goes on", RunEffect.STOP: "stops"}


def markdown() -> str:
    """The table as the README has it."""
    head = "| answer | message | its lane | the send | tried again |\n|---|---|---|---|---|\n"
    return head + "".join(f"| {' | '.join(_cells(row))} |\n" for row in TABLE)


def _cells(row: Outcome) -> Iterable[str]:
    stops = row.run is RunEffect.STOP
    again = "after about 1 and 2 seconds; a third failure in a row stops the send" if row.retry else "no"
    return row.told, f"`{row.state}`", "stops" if stops else _LANES[row.lane], _RUNS[row.run], again
