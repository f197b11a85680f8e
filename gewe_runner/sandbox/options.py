"""How a sandbox shall behave, said once for the server, its child process and the command line."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """Everything that can be asked of a sandbox."""

    #: Seconds that every answer takes.
    latency: float = 0
