"""`gewe-runner resume`: a paused run may go on."""

from gewe_runner.cli import deciding
from gewe_runner.model import RunState

command = deciding.changing("resume", RunState.OPEN, "Let a paused RUN go on: with the next `send` of its campaign.")
