"""Problems as JUnit XML: a suite a file, a failure an error; what only warns passes."""

import itertools
import re
from xml.etree import ElementTree

from gewe_runner.model import Level, Problem
from gewe_runner.tell.checked import Checked, more

#: What XML 1.0 cannot say, not even escaped.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def text(checked: Checked) -> str:
    root = ElementTree.Element("testsuites", name="gewe-runner validate")
    for path, group in itertools.groupby(checked.problems, key=lambda one: one.path):
        _suite(root, path, list(group))
    if not len(root):
        suite = ElementTree.SubElement(
            root, "testsuite", name="gewe-runner validate", tests="1", failures="0", errors="0"
        )
        ElementTree.SubElement(suite, "testcase", name=checked.sentence, classname="gewe-runner")
    counted = [f"{path}: {rule}: {said}" for path, rule, said in more(checked.problems)]
    if counted:
        ElementTree.SubElement(root[-1], "system-out").text = _clean("\n".join(counted))
    ElementTree.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode")


def _suite(root: ElementTree.Element, path: str, group: list[Problem]) -> None:
    failures = sum(one.level is Level.ERROR for one in group)
    counts = {"tests": str(len(group)), "failures": str(failures), "errors": "0"}
    suite = ElementTree.SubElement(root, "testsuite", {"name": _clean(path), **counts})
    for one in group:
        place = ":".join(str(part) for part in (one.line, one.column) if part is not None)
        name = f"{one.rule} at {place}" if place else one.rule
        case = ElementTree.SubElement(suite, "testcase", name=_clean(name), classname=_clean(path))
        if one.level is Level.ERROR:
            failure = ElementTree.SubElement(case, "failure", message=_clean(one.message), type=one.rule)
            failure.text = _clean(f"{path}:{place}: {one.rule}: {one.message}")
        else:
            ElementTree.SubElement(case, "system-out").text = _clean(f"{one.level}: {one.message}")


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
