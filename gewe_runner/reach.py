"""The way to a profile's gateway: the token, the appIds of its devices, a client, and the sandbox where it is one."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence

from gewe_runner import sandbox
from gewe_runner.model import Profile
from gewe_runner.preflight import ask
from gewe_runner.preflight.ask import Asker
from gewe_runner.prepare import Planned
from gewe_runner.send import address, gewe, presence
from gewe_runner.send.presence import Online

#: Seconds for the answer to a question that has no reason to take long.
PATIENCE = 10


def addresses(planned: Sequence[Planned], environ: Mapping[str, str]) -> tuple[str, Mapping[str, str]]:
    """The token, and the appId of every device that the plans send through."""
    if not planned:
        return "", {}
    profile, devices = planned[0].profile, sorted({name for one in planned for name in one.plan.devices})
    return address.token(profile, environ), address.app_ids(profile, devices, environ)


@contextlib.contextmanager
def url(profile: Profile) -> Iterator[str]:
    """The address of the profile's gateway; the sandbox is there as long as it is needed."""
    if profile.is_sandbox:
        with sandbox.started() as started:
            yield started
    else:
        yield profile.gateway


@contextlib.contextmanager
def asker(gateway: str, profile: Profile, token: str | None, patience: float = PATIENCE) -> Iterator[Asker]:
    """Who asks the gateway at that address; patient for at most as long as the profile lets a message take."""
    read = min(patience, profile.read_timeout)
    asking = Asker(gateway, token, connect_timeout=profile.connect_timeout, read_timeout=read)
    try:
        yield asking
    finally:
        asking.close()


@contextlib.contextmanager
def patient(profile: Profile, token: str) -> Iterator[Asker]:
    """Who asks what the gateway may take long for, as long as a message may take."""
    with url(profile) as place, asker(place, profile, token, profile.read_timeout) as asking:
        yield asking


@contextlib.contextmanager
def offline(
    gateway: str, profile: Profile, token: str, app_ids: Mapping[str, str], warn: Callable[[str], None]
) -> Iterator[Callable[[str], str]]:
    """Asks about a device by its name: why its lane may not begin, empty if nothing speaks against it.

    Args:
        warn: Told, once for each cause, that it is not known whether devices are online.
    """
    told: set[str] = set()
    with asker(gateway, profile, token) as asking:

        def why(device: str) -> str:
            found = presence.judge(asking.ask(ask.PRESENCE, app_ids[device]))
            if found.online is Online.UNCLEAR and found.text not in told:
                told.add(found.text)
                warn(f"device {device}: whether it is online could not be asked ({found.text}); it sends all the same")
            return found.stops

        yield why


@contextlib.contextmanager
def gateway(profile: Profile, token: str) -> Iterator[gewe.Client]:
    """The way to the profile's gateway."""
    with url(profile) as place, contextlib.ExitStack() as parts:
        client = gewe.Client(place, token, connect_timeout=profile.connect_timeout, read_timeout=profile.read_timeout)
        parts.callback(client.close)
        yield client
