"""Problems as GitLab's Code Quality report, a subset of the Code Climate format."""

import hashlib
import json
from typing import Any

from gewe_runner.model import Level
from gewe_runner.tell.checked import Checked, fingerprinted, more, posix

_SEVERITY = {Level.ERROR: "major", Level.WARNING: "minor", Level.NOTICE: "info"}


def text(checked: Checked) -> str:
    found = [
        _issue(posix(one.path), one.line or 1, one.rule, one.message, _SEVERITY[one.level]) | {"fingerprint": mark}
        for one, mark in fingerprinted(checked.problems)
    ]
    for path, rule, said in more(checked.problems):
        mark = hashlib.sha256(f"{path}\0{rule}\0more".encode()).hexdigest()
        found.append(_issue(posix(path), 1, rule, said, "info") | {"fingerprint": mark})
    return json.dumps(found, ensure_ascii=False, indent=1)


def _issue(path: str, line: int, rule: str, said: str, severity: str) -> dict[str, Any]:
    return {
        "description": said,
        "check_name": rule,
        "severity": severity,
        "location": {"path": path, "lines": {"begin": line}},
    }
