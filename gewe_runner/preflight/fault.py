"""The one way in which a check of a cover ends early."""

from gewe_runner.rules import Rule


class Fault(Exception):  # noqa: N818 - a finding on its way, not an error of the program
    """A cover breaks a rule.

    Args:
        text: What is wrong, to be read behind "the cover https://…: ".
    """

    def __init__(self, rule: Rule, text: str) -> None:
        super().__init__(text)
        self.rule = rule
        self.text = text
