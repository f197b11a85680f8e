"""Makes the model's objects of documents that were found to be right."""

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gewe_runner import model
from gewe_runner.document import Document, Scalar
from gewe_runner.model import (
    Campaign,
    Delivery,
    Device,
    Engine,
    Pace,
    Policy,
    Profile,
    Query,
    Settings,
    Source,
    Value,
    Where,
)
from gewe_runner.rules import campaigns, policies, sources
from gewe_runner.rules import settings as settings_rules

Tree = Mapping[str, Any]


def settings(document: Document) -> Settings:
    """The settings; each device's pace is the profile's with its own laid over it."""
    project = Path(os.path.abspath(document.path.parent))  # noqa: PTH100 - symbolic links stay as the user sees them
    root = document.root
    return Settings(
        project=project,
        name=document.name,
        default_profile=_text(root.get("default_profile")),
        profiles={name: _profile(document, project, name, tree) for name, tree in root["profiles"].items()},
    )


def campaign(document: Document, project: Path, profile: Profile) -> Campaign:
    """The campaign, its policy tightened by the profile's."""
    root = document.root
    named = _vars(root.get("vars", {}))
    known = {**profile.vars, **named}
    return Campaign(
        path=document.path,
        shown=document.name,
        project=project,
        name=str(root["name"]),
        edition=str(root["edition"]),
        draft=_value(root, "draft", False),
        description=str(root.get("description", "")),
        vars=named,
        card=_card(root["card"]),
        parts={name: part.text for name, part in document.parts.items()},
        files=(*document.used, *(part.path for part in document.parts.values())),
        positions=dict(_positions(document)),
        recipients=_sources(document, project, ("recipients",), root["recipients"], known),
        suppress=_sources(document, project, ("suppress",), root.get("suppress", ()), known),
        frequency_cap=_frequency_cap(root.get("frequency_cap")),
        variants=tuple(_variant(tree) for tree in root.get("variants", ())),
        holdout=_value(root, "holdout", 0),
        send=_delivery(root.get("send", {})),
        policy=policies.tightened(profile.policy, root.get("policy", {})),
    )


def limits(tree: Tree) -> dict[str, Any]:
    """The limits that a `pace` sets, named and shaped as `model.Pace` has them."""
    whole = {name: value for name, value in tree.items() if not (isinstance(value, list) and None in value)}
    return {name: _limit(name, value) for name, value in whole.items()}


def _limit(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return (value[0].value, value[1].value)
    if name == "timezone":
        return str(value)
    if name == "quiet_hours" and value.value is not None:
        hours = [time.split(":") for time in value.split("-")]
        return tuple(int(hour) * 60 + int(minute) for hour, minute in hours)
    return value.value


def _profile(document: Document, project: Path, name: str, tree: Tree) -> Profile:
    gateway = settings_rules.gateway(tree["gateway"])
    pace = replace(model.UNLIMITED if gateway == "sandbox" else Pace(), **limits(tree.get("pace", {})))
    timeouts = tree.get("timeouts", {})
    named = _vars(tree.get("vars", {}))
    return Profile(
        name=name,
        gateway=gateway,
        token_env=_text(tree.get("token_env")),
        ledger_env=_text(tree.get("ledger_env")),
        ledger_id=_text(tree.get("ledger_id")),
        require_approval=_value(tree, "require_approval", False),
        devices={key: _device(key, device, pace) for key, device in tree["devices"].items()},
        vars=named,
        suppress=_sources(document, project, ("profiles", name, "suppress"), tree.get("suppress", ()), named),
        policy=policies.tightened(Policy(), tree.get("policy", {})),
        refusals=model.Refusals(**{key: tuple(map(str, texts)) for key, texts in tree.get("refusals", {}).items()}),
        covers=model.CoverLimits(**{key: limit.value for key, limit in tree.get("covers", {}).items()}),
        connect_timeout=_value(timeouts, "connect", 5),
        read_timeout=_value(timeouts, "read", 60),
        engine=Engine(_text(tree.get("engine")) or Engine.LOCAL),
    )


def _device(name: str, tree: Tree, pace: Pace) -> Device:
    return Device(
        name=name,
        app_id=_text(tree.get("appId")),
        app_id_env=_text(tree.get("appId_env")),
        pace=replace(pace, **limits(tree.get("pace", {}))),
    )


def _sources(
    document: Document, project: Path, where: Where, trees: Any, known: Mapping[str, Value]
) -> tuple[Source, ...]:
    return tuple(_source(document, project, (*where, index), tree, known) for index, tree in enumerate(trees))


def _source(document: Document, project: Path, where: Where, tree: Tree, known: Mapping[str, Value]) -> Source:
    path, label, name = _place(document, project, where, tree)
    rows = tree.get("rows")
    position = document.position(where)
    named = _vars(tree.get("vars", {}))
    return Source(
        label=label,
        name=name,
        where=where,
        rows=None if rows is None else tuple({key: str(value) for key, value in row.items()} for row in rows),
        row_positions=tuple(document.position((*where, "rows", index)) for index in range(len(rows or ()))),
        path=path,
        sql=_query(document, where, tree["sql"], {**known, **named}) if "sql" in tree else None,
        columns={key: str(value) for key, value in tree.get("columns", {}).items()},
        condition=_text(tree.get("where")),
        vars=named,
        device=_text(tree.get("device")),
        sheet=_text(tree.get("sheet")),
        format=_text(tree.get("format")),
        document=document.name,
        position=document.values.get((*where, *(("sql", "url_env") if "sql" in tree else ("file",))), position),
        condition_position=document.values.get((*where, "where"), position),
        columns_position=document.position((*where, "columns")),
    )


def _query(document: Document, where: Where, tree: Tree, known: Mapping[str, Value]) -> Query:
    text = str(tree["query"])
    return Query(
        url_env=str(tree["url_env"]),
        text=text,
        parameters={name: known[name] for name in sources.parameters(text)},
        position=document.value_at((*where, "sql", "query")),
    )


def _place(document: Document, project: Path, where: Where, tree: Tree) -> tuple[Path | None, str, str]:
    """A source's path, its label in plans and its name in problems."""
    if "file" not in tree:
        kind = "rows" if "rows" in tree else "sql"
        parts = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in (*where, kind))
        return None, parts.removeprefix("."), document.name
    file = str(tree["file"])
    sheet = f"[{tree['sheet']}]" if "sheet" in tree else ""
    if file == str(model.STDIN):
        return model.STDIN, f"<stdin>{sheet}", "<stdin>"
    # As texts, since paths take several times as long. What it leads to, links included, is judged where it is opened.
    path, inside = os.path.abspath(_beside(document.path, file)), os.path.join(project, "")  # noqa: PTH100, PTH118
    label = path.removeprefix(inside).replace(os.sep, "/") if path.startswith(inside) else file
    return Path(path), label + sheet, os.path.normpath(_beside(document.name, file))


def _beside(path: Path | str, name: str) -> str:
    return os.path.join(os.path.dirname(path), name)  # noqa: PTH118, PTH120


def _positions(document: Document) -> Iterator[tuple[Where, model.Position]]:
    """Where those parts of a campaign stand that later problems are about."""
    for where, _ in campaigns.templates_of(document.root):
        # a part that comes from another file is told of where that one is named
        yield where, document.value_at(where if document.file(where) == document.name else (*where[:-1], "use"))
    keys = [("send", "device"), ("send", "devices"), *(("vars", name) for name in document.root.get("vars", ()))]
    values = [("edition",), *(("policy", name) for name in document.root.get("policy", ()))]
    yield from ((where, document.keys[where]) for where in keys if where in document.keys)
    yield from ((where, document.value_at(where)) for where in values)


def _frequency_cap(tree: Tree | None) -> model.FrequencyCap | None:
    return None if tree is None else model.FrequencyCap(messages=tree["messages"].value, days=tree["days"].value)


def _variant(tree: Tree) -> model.Variant:
    return model.Variant(name=str(tree["name"]), weight=_value(tree, "weight", 1), card=_card(tree.get("card", {})))


def _delivery(tree: Tree) -> Delivery:
    device = tree.get("device")
    gates = tree.get("stop_when", {})
    return Delivery(
        devices=(str(device),) if device is not None else tuple(map(str, tree.get("devices", ()))),
        not_before=_text(tree.get("not_before")),
        not_after=_text(tree.get("not_after")),
        waves=tuple(map(str, tree.get("waves", ()))),
        wave_wait_minutes=_value(tree, "wave_wait_minutes", 0),
        stop_when=model.StopWhen(**{name: gate.value for name, gate in gates.items()}),
        pace=limits(tree.get("pace", {})),
    )


def _card(tree: Tree) -> dict[str, str]:
    return {name: str(text) for name, text in tree.items()}


def _vars(tree: Tree) -> dict[str, model.Value]:
    """Numbers and booleans as YAML reads them; what no template could show (infinity) stays text."""
    return {name: _variable(scalar) for name, scalar in tree.items()}


def _variable(scalar: Scalar) -> model.Value:
    value = scalar.value
    return str(scalar) if value is None or (isinstance(value, float) and not math.isfinite(value)) else value


def _value(tree: Tree, name: str, default: Any) -> Any:
    return tree[name].value if name in tree else default


def _text(scalar: str | None) -> str | None:
    return None if scalar is None else str(scalar)
