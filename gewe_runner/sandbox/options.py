"""How a sandbox shall behave, said once for the server, its child process and the command line."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """Everything that can be asked of a sandbox."""

    #: Seconds that every answer takes; 0 leaves it to the faults.
    latency: float = 0
    #: A fault file's content as `schema/faults.schema.json` has it, in plain values; None: no faults.
    faults: Mapping[str, Any] | None = None
    #: What chance in the faults is drawn from, instead of their own `seed`.
    seed: int | None = None
    #: A file that gets one line for each accepted message; what it holds already is counted on.
    journal: Path | None = None
