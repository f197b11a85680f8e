"""`gewe-runner pause`: a run begins no more messages until it is resumed."""

from gewe_runner.cli import deciding
from gewe_runner.model import RunState

command = deciding.changing(
    "pause", RunState.PAUSED, "Begin no more messages of RUN, from the next one on; `resume` lets it go on."
)
