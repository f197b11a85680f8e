"""What an answer means: for the message, its lane and the run. Pure decisions, no clock."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from gewe_runner.model import Refusals, State
from gewe_runner.send.answers import Answer, Envelope, Lost, NoEnvelope, NotSent


class LaneEffect(enum.StrEnum):
    """What an answer does to the device's lane."""

    GO_ON = "go_on"
    #: The account is slowed down: nothing until its cool-down is over.
    REST = "rest"
    STOP = "stop"


class RunEffect(enum.StrEnum):
    """What an answer does to the run."""

    GO_ON = "go_on"
    STOP = "stop"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What follows from an answer."""

    #: SENT, REJECTED, UNKNOWN, or PENDING where the message has certainly not been delivered and may go again.
    state: State
    lane: LaneEffect = LaneEffect.GO_ON
    run: RunEffect = RunEffect.GO_ON
    #: The same request may be tried again soon, a few times.
    retry: bool = False
    #: In a few words; the same for the same cause.
    reason: str
    #: The gateway's own text, or what the network did; empty when sent.
    text: str = ""
    #: What to do before sending again, where the run stops.
    hint: str = ""
    #: The API's ids as exact text, where it gave any.
    msg_id: str = ""
    new_msg_id: str = ""
    create_time: str = ""


class Refusal(enum.StrEnum):
    """The classes of refusal that say more than "not this recipient"."""

    #: The gateway itself does not know whether the message went out.
    UNCERTAIN = "uncertain"
    TOKEN = "token"  # noqa: S105 - a class of refusal, not a secret
    DEVICE = "device"
    TOO_OFTEN = "too_often"


#: Texts by which a refusal is known, wherever they stand in it. Codes are of no use: "-1" means offline, unknown device
#: and no network. Uncertain comes first: what may have been sent must not be sent again, whatever else the text says.
TEXTS: dict[Refusal, tuple[str, ...]] = {
    Refusal.UNCERTAIN: (
        "exceeded maximum retries",  # the server could not reach WeChat: Devo919/Gewechat issues 195, 252
    ),
    Refusal.TOKEN: (
        "X-GEWE-TOKEN",  # "header:X-GEWE-TOKEN 不可为空": dify-on-wechat issue 340
        "不可用或已过期",  # "HTTP HEADER: X-GEWE-TOKEN=… 不可用或已过期": Devo919/Gewechat issues 234, 263
    ),
    Refusal.DEVICE: (
        "微信已离线",  # Devo919/Gewechat issues 111, 224
        "设备不存在",  # "[wx_…]设备不存在": Devo919/Gewechat issues 116, 252
    ),
    # The vendor publishes no text for these; they are WeChat's and common servers' wording.
    Refusal.TOO_OFTEN: ("频繁", "频率过高", "风控", "too often", "too frequent", "too many requests"),
}

#: Why a lane stops whose device is not there.
OFFLINE = "device offline or unknown"

#: Without an envelope these come from something that is not the API, and refused to pass the request on.
_WRONG_ADDRESS = {401, 403, 404, 405, 407}
_TOO_MANY = 429


def classify(answer: Answer, refusals: Refusals) -> Verdict:
    """Decide what an answer means.

    Args:
        answer: What came back.
        refusals: The profile's own texts, on top of `TEXTS`.
    """
    match answer:
        case Envelope(ret=200):
            return _accepted(answer)
        case Envelope():
            return _refused(answer, refusals)
        case NoEnvelope():
            return _foreign(answer)
        case NotSent(kind=kind, text=text):
            return Verdict(state=State.PENDING, retry=True, reason=f"not sent: {kind}", text=text)
        case Lost(kind=kind, text=text):
            return Verdict(state=State.UNKNOWN, reason=f"no clear answer: {kind}", text=text)


def _accepted(answer: Envelope) -> Verdict:
    proven = answer.new_msg_id.strip("-0") != ""
    return Verdict(
        state=State.SENT if proven else State.UNKNOWN,
        reason="sent" if proven else "accepted without a newMsgId",
        text="" if proven else answer.inner,
        msg_id=answer.msg_id,
        new_msg_id=answer.new_msg_id,
        create_time=answer.create_time,
    )


def _refused(answer: Envelope, refusals: Refusals) -> Verdict:
    text = answer.inner or f"ret {answer.ret}"
    # the inner text alone is only "the operation failed": the code is all there is to look the cause up by
    if answer.code and answer.inner == answer.msg:
        text = f"{text} (code {answer.code})"
    match refusal(f"{answer.msg}\n{answer.inner}", refusals):
        case Refusal.UNCERTAIN:
            return Verdict(state=State.UNKNOWN, reason="the gateway could not reach WeChat", text=text)
        case Refusal.TOKEN:
            hint = "put a fresh token into the variable that token_env names, then run the same command again"
            return Verdict(state=State.PENDING, run=RunEffect.STOP, reason="token refused", text=text, hint=hint)
        case Refusal.DEVICE:
            return Verdict(state=State.PENDING, lane=LaneEffect.STOP, reason=OFFLINE, text=text)
        case Refusal.TOO_OFTEN:
            return Verdict(state=State.PENDING, lane=LaneEffect.REST, reason="too often", text=text)
        case None:
            return Verdict(state=State.REJECTED, reason="refused", text=text)


def refusal(text: str, refusals: Refusals) -> Refusal | None:
    """The class of a refusal by its texts; None where they say nothing about the account."""
    added: dict[Refusal, tuple[str, ...]] = {
        Refusal.TOKEN: refusals.token,
        Refusal.DEVICE: refusals.device,
        Refusal.TOO_OFTEN: refusals.too_often,
    }
    found = (one for one in Refusal if _holds(text, (*TEXTS[one], *added.get(one, ()))))
    return next(found, None)


def _holds(text: str, parts: Iterable[str]) -> bool:
    folded = text.casefold()
    return any(part.strip() and part.strip().casefold() in folded for part in parts)


def is_wrong_address(status: int) -> bool:
    """Whether something that is no API of this kind has answered, by the HTTP status of an answer without envelope."""
    return 300 <= status < 400 or status in _WRONG_ADDRESS


def _foreign(answer: NoEnvelope) -> Verdict:
    status = answer.http_status
    text = f"HTTP {status}: {answer.text}"
    if is_wrong_address(status):
        hint = "correct the profile's gateway, or the proxy in between, then run the same command again"
        return Verdict(state=State.PENDING, run=RunEffect.STOP, reason="wrong address", text=text, hint=hint)
    if status == _TOO_MANY:
        return Verdict(state=State.PENDING, lane=LaneEffect.REST, reason="too often", text=text)
    # a proxy in between may have passed the message on before it gave up
    return Verdict(state=State.UNKNOWN, reason="not the API's answer", text=text)
