"""Carries out what `send` is asked for; a dry run does without this module, and so without database and network."""

from gewe_runner import run, trial
from gewe_runner.cli import stopping
from gewe_runner.order import Ended, Order, Trial, View
from gewe_runner.problems import Problems
from gewe_runner.send import local


def send(order: Order, view: View, problems: Problems) -> Ended:
    """Send, until it is done or somebody wants it to end."""
    stop = local.Stop()
    with stopping.heard(stop):
        return run.send(order, view, stop, problems)


def test(order: Order, asked: Trial, view: trial.View, problems: Problems) -> trial.Tried:
    """Send test cards likewise."""
    stop = local.Stop()
    with stopping.heard(stop):
        return trial.send(order, asked, view, stop, problems)
