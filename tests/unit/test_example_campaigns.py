"""Every file below tests/campaigns is a case: a valid one has no problem, an invalid one those that it names.

An invalid file begins with a line `# expect LINE:COLUMN RULE` for each of its problems. A file that is called
`settings-...` is a settings file; the others are campaigns of the project that is there.
"""

import contextlib
import re
from pathlib import Path

import pytest

from gewe_runner import compose, errors, load, validate
from gewe_runner.problems import Problems
from gewe_runner.rules import Rule, campaigns, secrets, settings, sources, structure

CASES = Path(__file__).parents[1] / "campaigns"

_EXPECTED = re.compile(r"^# expect (\d+):(\d+) ([a-z-]+)$", re.MULTILINE)


def problems_of(case: Path) -> Problems:
    problems = Problems()
    settings = validate.settings(load.document(CASES / "gewe.yaml", "gewe.yaml", problems), problems)
    document = load.document(case, case.name, problems)
    with contextlib.suppress(errors.InvalidError):
        if case.name.startswith("settings-"):
            validate.settings(document, problems)
        else:
            whole = compose.whole(document, settings.project, problems)
            validate.campaign(whole, settings, settings.profiles["production"], problems)
    return problems


@pytest.mark.parametrize("case", sorted(CASES.glob("valid/*.yaml")), ids=lambda case: case.stem)
def test_a_valid_file_has_no_problem(case: Path) -> None:
    assert list(problems_of(case)) == []


@pytest.mark.parametrize("case", sorted(CASES.glob("invalid/*.yaml")), ids=lambda case: case.stem)
def test_an_invalid_file_has_exactly_the_problems_that_it_names(case: Path) -> None:
    expected = _EXPECTED.findall(case.read_text(encoding="utf-8"))
    found = [(str(problem.line), str(problem.column), problem.rule) for problem in problems_of(case)]
    assert sorted(found) == sorted(expected)


def test_every_rule_about_these_files_has_a_case() -> None:
    modules = (campaigns, secrets, settings, sources, structure)
    declared = {rule.id for module in modules for rule in vars(module).values() if isinstance(rule, Rule)}
    texts = [case.read_text(encoding="utf-8") for case in CASES.glob("invalid/*.yaml")]
    named = {rule for text in texts for _, _, rule in _EXPECTED.findall(text)}
    assert declared - named == {"same-name"}  # that takes two files


@pytest.mark.parametrize("case", sorted(CASES.glob("invalid/*.yaml")), ids=lambda case: case.stem)
def test_every_message_is_one_line_in_plain_words(case: Path) -> None:
    for problem in problems_of(case):
        assert "\n" not in problem.message
        assert not re.search(r"Scalar|jsonschema|'type'|ValidationError|\[a-z|secret@|0a1b2c3d", problem.message)
