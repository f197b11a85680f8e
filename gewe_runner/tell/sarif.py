"""Problems as SARIF 2.1.0, which code scanning services read."""

import json
from typing import Any
from urllib.parse import quote

from gewe_runner import rules
from gewe_runner.model import Level, Problem
from gewe_runner.tell.checked import Checked, fingerprinted, more, posix

_LEVEL = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTICE: "note"}


def text(checked: Checked) -> str:
    """One run of one tool, with every rule of the catalogue that a result names."""
    known, found = rules.catalogue(), list(fingerprinted(checked.problems))
    named = sorted({problem.rule for problem, _ in found})
    index = {rule: number for number, rule in enumerate(named)}
    driver = {
        "name": "gewe-runner",
        "semanticVersion": checked.tool,
        "rules": [_rule(known[rule]) for rule in named],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, mark, index[problem.rule]) for problem, mark in found],
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": "note", "message": {"text": f"{path}: {rule}: {said}"}}
                    for path, rule, said in more(checked.problems)
                ],
            }
        ],
    }
    tree = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(tree, ensure_ascii=False, indent=1)


def _rule(rule: rules.Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.id.replace("-", " ")},
        "fullDescription": {"text": rule.explanation},
        "help": {"text": f"{rule.explanation}\n\n{rule.example}"},
        "defaultConfiguration": {"level": _LEVEL[rule.level]},
    }


def _result(problem: Problem, mark: str, index: int) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(posix(problem.path))}}
    if problem.line is not None:
        place["region"] = {"startLine": problem.line}
        if problem.column is not None:
            place["region"]["startColumn"] = problem.column
    return {
        "ruleId": problem.rule,
        "ruleIndex": index,
        "level": _LEVEL[problem.level],
        "message": {"text": problem.message},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"problem/v1": mark},
    }
