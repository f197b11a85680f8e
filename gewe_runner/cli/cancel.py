"""`gewe-runner cancel`: a run is over, whatever is pending."""

from gewe_runner.cli import deciding
from gewe_runner.model import RunState

command = deciding.changing(
    "cancel", RunState.CANCELLED, "End RUN for good, from the next message on; what is pending is cancelled."
)
