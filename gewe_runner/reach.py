"""The way to a profile's gateway: the token, the appIds of its devices, a client, and the sandbox where it is one."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence

from gewe_runner import sandbox
from gewe_runner.model import Profile
from gewe_runner.prepare import Planned
from gewe_runner.send import address, gewe


def addresses(planned: Sequence[Planned], environ: Mapping[str, str]) -> tuple[str, Mapping[str, str]]:
    """The token, and the appId of every device that the plans send through."""
    if not planned:
        return "", {}
    profile, devices = planned[0].profile, sorted({name for one in planned for name in one.plan.devices})
    return address.token(profile, environ), address.app_ids(profile, devices, environ)


@contextlib.contextmanager
def gateway(profile: Profile, token: str) -> Iterator[gewe.Client]:
    """The way to the profile's gateway; the sandbox is there as long as it is needed."""
    with contextlib.ExitStack() as parts:
        url = parts.enter_context(sandbox.started()) if profile.is_sandbox else profile.gateway
        client = gewe.Client(url, token, connect_timeout=profile.connect_timeout, read_timeout=profile.read_timeout)
        parts.callback(client.close)
        yield client
