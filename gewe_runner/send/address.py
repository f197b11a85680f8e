"""Takes the addresses of a profile from the environment: the token and the devices' appIds."""

from collections.abc import Iterable, Mapping

from gewe_runner import errors
from gewe_runner.model import Profile

#: The sandbox takes any token; this one looks like nothing that could stand in a text, since it is masked there.
SANDBOX_TOKEN = "0f3c6b1e-any-token"  # noqa: S105 - not a secret


def token(profile: Profile, environ: Mapping[str, str]) -> str:
    """The gateway's token.

    Raises:
        errors.InvalidError: the variable that `token_env` names is empty or cannot be a header.
    """
    if profile.is_sandbox:
        return SANDBOX_TOKEN
    found = environ.get(profile.token_env or "", "").strip()
    if not found:
        raise errors.InvalidError(
            f"no token: profile {profile.name} takes it from ${profile.token_env}, which is not set",
            hint=f"export {profile.token_env}=…   (from your GeWe console; it belongs into no file)",
        )
    if not found.isascii() or not found.isprintable() or " " in found:
        raise errors.InvalidError(
            f"${profile.token_env} holds characters that no token has (spaces, line ends or non-ASCII)",
            hint="copy it from the GeWe console again, without quotes or braces",
        )
    return found


def app_ids(profile: Profile, devices: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """The appId of each device by its name.

    Raises:
        errors.InvalidError: a variable is empty, or two devices of the profile have one appId.
    """
    found: dict[str, str] = {}
    for name in devices:
        device = profile.devices[name]
        app_id = device.app_id or environ.get(device.app_id_env or "", "").strip()
        if not app_id and profile.is_sandbox:
            app_id = f"wx_sandbox_{name.replace('-', '_')}"
        if not app_id:
            raise errors.InvalidError(
                f"device {name} has no appId: profile {profile.name} takes it from ${device.app_id_env}, "
                "which is not set",
                hint=f"export {device.app_id_env}=wx_…",
            )
        twin = next((other for other, taken in found.items() if taken == app_id), None)
        if twin is not None:
            raise errors.InvalidError(
                f"devices {twin} and {name} have the same appId: one account would send at twice its pace",
                hint=f"remove one of them from profile {profile.name}, or correct its appId",
            )
        found[name] = app_id
    return found
