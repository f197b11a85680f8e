"""The way to a profile's gateway: the token, the appIds of its devices, a client, and the sandbox where it is one."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence

from gewe_runner import sandbox
from gewe_runner.model import Profile
from gewe_runner.preflight.ask import Asker
from gewe_runner.prepare import Planned
from gewe_runner.send import address, gewe

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
def gateway(profile: Profile, token: str) -> Iterator[gewe.Client]:
    """The way to the profile's gateway."""
    with url(profile) as place, contextlib.ExitStack() as parts:
        client = gewe.Client(place, token, connect_timeout=profile.connect_timeout, read_timeout=profile.read_timeout)
        parts.callback(client.close)
        yield client
