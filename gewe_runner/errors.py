"""The exception tree; every class carries the exit code of the contract.

GeweRunnerError                70  never raised itself
├── UsageError                  2  an option or argument that cannot be
├── InvalidError                3  a campaign, list or setting has problems; nothing was sent
├── LedgerError                 3  the ledger is missing, foreign, unreadable or not the expected one
│   └── AddressError            3  it is not said where the ledger is
├── NotApprovedError            4  digest or lock differs, or the plan was altered
├── StoppedError                5  stopped or waiting; run it again to go on
│   └── LaneHeldError           5  somebody alive sends through the device
└── Interrupted               130  Ctrl-C or SIGTERM; what was in flight is recorded

Everything else that reaches the top is a bug: exit 70, traceback in a log.
"""


class GeweRunnerError(Exception):
    """What a user can cause, said in one line, with what to do next.

    Args:
        message: What is wrong, one line.
        hint: What to do about it; best a command to paste. Printed as the last line.
    """

    exit_code = 70

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(GeweRunnerError):
    exit_code = 2


class InvalidError(GeweRunnerError):
    """The user's files have problems; they stand in the command's `Problems`."""

    exit_code = 3


class LedgerError(GeweRunnerError):
    exit_code = 3


class AddressError(LedgerError):
    """The variable that should hold the ledger's address does not; a plan can do without."""


class NotApprovedError(GeweRunnerError):
    exit_code = 4


class StoppedError(GeweRunnerError):
    exit_code = 5


class LaneHeldError(StoppedError):
    """`holder` is `host/pid/start time` of the process that owns the lane."""

    def __init__(self, device: str, holder: str) -> None:
        host, pid, _ = (*holder.rsplit("/", 2), "", "")[:3]
        super().__init__(
            f"device {device} is in use by process {pid} on {host}",
            hint="wait until it has ended, or let send wait for it: --wait",
        )
        self.device = device
        self.holder = holder


class Interrupted(GeweRunnerError):  # noqa: N818 - no error: somebody asked for it
    exit_code = 130
