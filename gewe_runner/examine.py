"""The composition root of `doctor`: everything that can be known before a send, asked for without sending anything."""

import contextlib
import enum
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gewe_runner import errors, find, foresee, gather, prepare, reach, words
from gewe_runner.ledger import care, connect, jobs
from gewe_runner.model import Engine, Message, Profile, Settings
from gewe_runner.preflight import abreast, ask
from gewe_runner.preflight.ask import Asker
from gewe_runner.preflight.contacts import Contacts
from gewe_runner.prepare import Planned
from gewe_runner.problems import Problems
from gewe_runner.send import address, policy, presence
from gewe_runner.send.policy import Refusal
from gewe_runner.send.presence import Online
from gewe_runner.wire.said import Said, Silence

#: What a send ends with: the user's files and variables are at fault, or something out there.
_INVALID, _STOPPED = errors.InvalidError.exit_code, errors.StoppedError.exit_code


class Health(enum.StrEnum):
    """How a check ended."""

    OK = "ok"
    #: Not known, or worth a look; a send goes on.
    WARN = "warn"
    #: A send would end with it.
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing that was looked at."""

    health: Health
    #: `settings`, `campaign`, `ledger`, `gateway`, `token`, `device` or `contacts`.
    about: str
    #: Which campaign or device; empty where there is one alone.
    name: str = ""
    text: str
    #: What to do next; empty where there is nothing to do.
    hint: str = ""
    #: The code with which a send would end; 0 unless the check failed.
    exit_code: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Examination:
    """What `doctor` was asked for."""

    #: The settings file.
    settings: Path
    profile: str | None = None
    #: Look at the devices of these campaigns; without any at all devices of the profile.
    paths: Sequence[Path] = ()
    #: Look whom the devices know, and whether the campaigns' recipients are among them.
    check_contacts: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answers:
    """What the gateway said of a device."""

    online: Said | Silence
    #: None: not asked for, since the device is offline or unknown.
    profile: Said | Silence | None = None


def examine(order: Examination, problems: Problems, environ: Mapping[str, str]) -> Iterator[Check]:
    """Every check, as they are done.

    Raises:
        errors.InvalidError: the settings have problems, which stand in `problems`.
        errors.UsageError: there is no such profile.
    """
    settings = gather.settings(order.settings, problems)
    profile = gather.choose(settings, order.profile)
    yield Check(health=Health.OK, about="settings", text=f"{settings.name}, profile {profile.name}")
    with tempfile.TemporaryDirectory(prefix="gewe-runner-") as folder:
        planned, checks = _campaigns(order, Path(folder), problems)
        yield from checks
        yield _ledger(profile, settings, environ)
        devices = sorted({name for one in planned for name in one.plan.devices}) or list(profile.devices)
        yield from _outside(profile, devices, planned if order.check_contacts else None, environ)


def exit_code(checks: Sequence[Check]) -> int:
    """The code with which a send would end, by the first check in its order that failed."""
    codes = {check.exit_code for check in checks}
    return next((code for code in (_INVALID, _STOPPED) if code in codes), 0)


def _campaigns(order: Examination, folder: Path, problems: Problems) -> tuple[Sequence[Planned], Sequence[Check]]:
    if not order.paths:
        return [], []
    try:
        planned = prepare.plan_all(order.paths, order.profile, folder, problems)
    except errors.InvalidError as error:
        count = f"{problems.errors} problem{'s' if problems.errors > 1 else ''}" if problems.errors else error.message
        hint = error.hint or f"gewe-runner validate {' '.join(map(find.shown, order.paths))}"
        return [], [_failed("campaign", count, hint, _INVALID)]
    return planned, [
        Check(
            health=Health.OK, about="campaign", name=one.campaign.name, text=f"{one.plan.messages:,} messages planned"
        )
        for one in planned
    ]


def _ledger(profile: Profile, settings: Settings, environ: Mapping[str, str]) -> Check:
    try:
        url = connect.address(profile, settings.project, environ)
        name = connect.shown(url)
        if not connect.exists(url):
            return _no_ledger(profile, name)
        with contextlib.closing(connect.open(url)) as ledger:
            connect.expect(ledger, profile)
            care.expect_writable(ledger)
            if profile.engine is Engine.PROCRASTINATE:
                jobs.expect(ledger)
    except errors.LedgerError as error:
        return _failed("ledger", error.message, error.hint, error.exit_code)
    return Check(health=Health.OK, about="ledger", text=f"{name}: id {ledger.id}, can be written")


def _no_ledger(profile: Profile, name: str) -> Check:
    if profile.ledger_id is not None:
        text = f"{name}: there is no ledger, and profile {profile.name} pins ledger {profile.ledger_id}"
        return _failed("ledger", text, "restore that ledger, or remove `ledger_id` if it is gone for good", _INVALID)
    if profile.is_sandbox:
        return Check(health=Health.OK, about="ledger", text=f"{name}: none yet; the first send makes it")
    text = f"{name}: none yet; the first send makes it, and it knows of nobody who was served"
    hint = "if there should be one, correct where the profile looks for it"
    return Check(health=Health.WARN, about="ledger", text=text, hint=hint)


def _outside(
    profile: Profile, devices: Sequence[str], planned: Sequence[Planned] | None, environ: Mapping[str, str]
) -> Iterator[Check]:
    """What the gateway says: of itself, the token, the devices and, with plans, their contacts."""
    token, no_token = _token(profile, environ)
    app_ids, without = _app_ids(profile, devices, environ)
    try:
        with reach.url(profile) as url, reach.asker(url, profile, token) as asker:
            first = next(iter(app_ids), "")
            answer = asker.ask(ask.PRESENCE, app_ids.get(first, ""))
            reached = _gateway(profile, answer)
            yield reached
            checked = no_token or _accepted(profile, answer)
            yield checked
            yield from without
            if reached.health is Health.FAIL or checked.health is Health.FAIL:
                why = f"not asked: see {'gateway' if reached.health is Health.FAIL else 'token'}"
                yield from (Check(health=Health.WARN, about="device", name=name, text=why) for name in app_ids)
                return
            found = list(_devices(profile, app_ids, asker, {first: answer}))
            yield from found
            there = {check.name: app_ids[check.name] for check in found if check.health is not Health.FAIL}
            if planned is not None and there:
                with reach.asker(url, profile, token, profile.read_timeout) as patient:
                    yield from _contacts(planned, foresee.books(there, patient))
    except errors.StoppedError as error:  # the sandbox does not start
        yield _failed("gateway", error.message, error.hint, error.exit_code)


def _token(profile: Profile, environ: Mapping[str, str]) -> tuple[str | None, Check | None]:
    try:
        return address.token(profile, environ), None
    except errors.InvalidError as error:
        return None, _failed("token", error.message.removeprefix("no token: "), error.hint, error.exit_code)


def _app_ids(
    profile: Profile, devices: Sequence[str], environ: Mapping[str, str]
) -> tuple[dict[str, str], Sequence[Check]]:
    """The appIds that are there, and a check for each device that has none of its own."""
    found: dict[str, str] = {}
    without = []
    for name in devices:
        try:
            found = address.app_ids(profile, [*found, name], environ)
        except errors.InvalidError as error:
            text = error.message.removeprefix(f"device {name} ")
            without.append(_failed("device", text, error.hint, error.exit_code, name))
    return found, without


def _gateway(profile: Profile, answer: Said | Silence) -> Check:
    place = "the built-in sandbox" if profile.is_sandbox else profile.gateway
    match answer:
        case Said():
            return Check(health=Health.OK, about="gateway", text=f"{place} answers as GeWe does")
        case Silence(status=status, text=text) if status is not None and policy.is_wrong_address(status):
            hint = "correct the profile's gateway, or the proxy in between"
            return _failed("gateway", f"{place} is a wrong address: {text}", hint, _STOPPED)
        case Silence(left=False, text=text):
            hint = "check the gateway's address and the network"
            return _failed("gateway", f"{place} cannot be reached: {text}", hint, _STOPPED)
        case Silence(text=text):
            hint = "run doctor again; if it stays so, look at the gateway's own console"
            return Check(health=Health.WARN, about="gateway", text=f"{place} gives no clear answer: {text}", hint=hint)


def _accepted(profile: Profile, answer: Said | Silence) -> Check:
    named = "the sandbox takes any" if profile.is_sandbox else f"${profile.token_env} is set"
    if _class(answer, profile) is Refusal.TOKEN:
        hint = f"put a fresh token into ${profile.token_env}   (from your GeWe console)"
        return _failed("token", f"{named}, and the gateway refuses it: {answer.text}", hint, _STOPPED)
    if isinstance(answer, Silence):
        return Check(health=Health.WARN, about="token", text=f"{named}; whether it is accepted is not known")
    return Check(health=Health.OK, about="token", text=named)


def _devices(
    profile: Profile, app_ids: Mapping[str, str], asker: Asker, known: Mapping[str, Said | Silence]
) -> Iterator[Check]:
    def about(name: str) -> _Answers:
        # one question after the other: the API wants one request at a time of a device
        online = known.get(name) or asker.ask(ask.PRESENCE, app_ids[name])
        lost = presence.judge(online).online is Online.NO or _class(online, profile) is Refusal.DEVICE
        return _Answers(online=online, profile=None if lost else asker.ask(ask.PROFILE, app_ids[name]))

    patience = 2 * (profile.connect_timeout + min(reach.PATIENCE, profile.read_timeout)) + 5
    answers = dict(abreast.each(about, list(app_ids), patience))
    for name in app_ids:
        late = _Answers(online=Silence(text="no answer in time"))
        yield _device(profile, name, answers.get(name, late))


def _device(profile: Profile, name: str, answers: _Answers) -> Check:
    found = presence.judge(answers.online)
    if found.online is Online.NO:
        return _failed("device", "offline, as checkOnline says", _LOG_IN, _STOPPED, name)
    for answer in (answers.online, answers.profile):
        if answer is not None and _class(answer, profile) is Refusal.DEVICE:
            device = profile.devices[name]
            hint = f"{_LOG_IN}; or correct {f'${device.app_id_env}' if device.app_id_env else 'its appId'}"
            return _failed("device", f"{policy.OFFLINE}: {answer.text}", hint, _STOPPED, name)
    account = _account(answers.profile)
    if found.online is Online.UNCLEAR:
        text = f"{account}; whether it is online is not known: {found.text}"
        return Check(health=Health.WARN, about="device", name=name, text=text, hint=_TEST)
    return Check(health=Health.OK, about="device", name=name, text=f"{account}; checkOnline says online, {_NO_PROOF}")


def _contacts(planned: Sequence[Planned], books: Mapping[str, Contacts | str]) -> Iterator[Check]:
    for name, book in books.items():
        if isinstance(book, str):
            hint = "run doctor again in a minute: the gateway may need longer than a request takes"
            yield Check(health=Health.WARN, about="contacts", name=name, text=f"not known: {book}", hint=hint)
        else:
            text = f"{book.friends:,} friends, {book.groups:,} groups saved to the address book"
            yield Check(health=Health.OK, about="contacts", name=name, text=text)
    for one in planned:
        doubts = Problems()
        lines = (
            line for line in one.lines() if isinstance(line, Message) and isinstance(books.get(line.device), Contacts)
        )
        foresee.strangers(one.campaign, lines, books, doubts)
        yield from (
            Check(health=Health.WARN, about="campaign", name=one.campaign.name, text=doubt.message) for doubt in doubts
        )


#: Why "online" does not mean that messages arrive.
_NO_PROOF = "which proves nothing"
_TEST = "gewe-runner send CAMPAIGN --test-card   (a card to yourself is the proof)"
_LOG_IN = "log the account in again on the GeWe console, with this appId"


def _account(answer: Said | Silence | None) -> str:
    """Whose account it is."""
    data: Any = answer.data if isinstance(answer, Said) and answer.ret == 200 else None
    data = data if isinstance(data, dict) else {}
    name, wxid = (data.get(key) for key in ("nickName", "wxid"))
    shown = [words.line(name, 40)] if isinstance(name, str) and name else []
    shown += [f"({words.short(words.line(wxid))})"] if isinstance(wxid, str) and wxid else []
    if shown:
        return f"logged in as {' '.join(shown)}"
    why = answer.text if answer is not None and not (isinstance(answer, Said) and answer.ret == 200) else ""
    return "whose account it is is not known" + (f" ({why})" if why else "")


def _class(answer: Said | Silence, profile: Profile) -> Refusal | None:
    if isinstance(answer, Silence) or answer.ret == 200:
        return None
    return policy.refusal(answer.text, profile.refusals)


def _failed(about: str, text: str, hint: str, exit_code: int, name: str = "") -> Check:
    return Check(health=Health.FAIL, about=about, name=name, text=text, hint=hint, exit_code=exit_code)
