"""Finds in a fault file what contradicts itself: what a JSON Schema can only say in riddles."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gewe_runner.model import Where
from gewe_runner.sandbox.behaviours import KINDS

#: When and for whom a fault strikes; every other key is one of `KINDS`, or misspelt.
CONDITIONS = frozenset({"match", "probability", "after", "count", "from_seconds", "until_seconds"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Objection:
    """Something wrong at a place of the file."""

    where: Where
    message: str


def choices(tree: Any) -> Iterator[Where]:
    """The places where one of several things has to be chosen, on which `objections` has the only word."""
    if not isinstance(tree, Mapping):
        return
    if isinstance(tree.get("latency"), Mapping):
        yield ("latency",)
    for where, fault in _faults(tree):
        yield where
        if isinstance(fault.get("refuse"), Mapping):
            yield (*where, "refuse")


def objections(tree: Any) -> Iterator[Objection]:
    """Everything that contradicts itself in a fault file of any shape, given as plain dict, list, str, int, float."""
    if not isinstance(tree, Mapping):
        return
    if isinstance(latency := tree.get("latency"), Mapping):
        yield from _of_latency(latency)
    for where, fault in _faults(tree):
        yield from _of_fault(where, fault)


def _faults(tree: Mapping[str, Any]) -> Iterator[tuple[Where, Mapping[str, Any]]]:
    faults = tree.get("faults")
    for number, fault in enumerate(faults if isinstance(faults, list) else ()):
        if isinstance(fault, Mapping):
            yield ("faults", number), fault


def _of_latency(latency: Mapping[str, Any]) -> Iterator[Objection]:
    where = ("latency",)
    named = {"ms", "median_ms", "p99_ms"} & set(latency)
    if named not in ({"ms"}, {"median_ms", "p99_ms"}):
        yield Objection(where=where, message="latency has either ms, or median_ms and p99_ms")
    elif _larger(latency.get("median_ms"), latency.get("p99_ms")):
        yield Objection(where=(*where, "p99_ms"), message="latency.p99_ms is below the median; it must be at least it")


def _of_fault(where: Where, fault: Mapping[str, Any]) -> Iterator[Objection]:
    name = f"faults[{where[1]}]"
    kinds = [kind for kind in KINDS if kind in fault]
    if len(kinds) > 1:
        yield Objection(where=where, message=f"{name} has {' and '.join(kinds)}; give each a fault of its own")
    if not set(fault) - CONDITIONS:
        yield Objection(where=where, message=f"{name} does nothing; add one of {', '.join(KINDS)}")
    for kind in kinds:
        if fault[kind] is False:
            yield Objection(where=(*where, kind), message=f"{name}.{kind} is false; write true, or leave the fault out")
    refuse = fault.get("refuse")
    if isinstance(refuse, Mapping) and "envelope" in refuse and {"msg", "code", "inner"} & set(refuse):
        yield Objection(
            where=(*where, "refuse"),
            message=f"{name}.refuse has a whole envelope and parts of one; keep one of the two",
        )
    begin, end = fault.get("from_seconds", 0), fault.get("until_seconds")
    if begin == end or _larger(begin, end):
        message = f"{name} is over before it begins; until_seconds must be more than from_seconds"
        yield Objection(where=(*where, "until_seconds"), message=message)


def _larger(first: object, second: object) -> bool:
    return isinstance(first, int | float) and isinstance(second, int | float) and first > second
