"""Puts a campaign's document together from its files: the cards that it uses, the parts that its templates include."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from gewe_runner import confine, errors, find, load, template
from gewe_runner.document import Document, Part, Scalar
from gewe_runner.model import START, Position, Where
from gewe_runner.problems import Problems
from gewe_runner.rules import campaigns, parts

#: The files that one campaign's templates include and import, all of them together.
MOST = 64


def whole(document: Document, project: Path, problems: Problems) -> Document:
    """The document with its cards' own keys laid over those of the cards that they use, and with its templates' files.

    Raises:
        errors.InvalidError: A file is missing, lies outside the project or is no such file; the problems were added.
    """
    before = problems.met
    for where, card in list(_cards(document.root)):
        document = _with_card(document, where, card, project, problems)
    if taken := _parts(document, project, problems):
        document = replace(document, parts=taken)
    if problems.met > before:
        raise errors.InvalidError(f"{document.name} cannot be put together", hint="see its problems")
    return document


def _cards(root: Any) -> Iterator[tuple[Where, Mapping[str, Any]]]:
    """The cards that use another, of the campaign and of its variants, each with its place."""
    if not isinstance(root, Mapping):
        return
    variants = root.get("variants")
    places: list[tuple[Where, Any]] = [((), root)]
    places += [(("variants", index), one) for index, one in enumerate(variants if isinstance(variants, list) else ())]
    for where, holder in places:
        card = holder.get("card") if isinstance(holder, Mapping) else None
        if isinstance(card, Mapping) and isinstance(card.get("use"), Scalar) and card["use"].value is not None:
            yield (*where, "card"), card


def _with_card(
    document: Document, where: Where, card: Mapping[str, Any], project: Path, problems: Problems
) -> Document:
    use = (*where, "use")
    path = Path(os.path.abspath(document.path.parent / str(card["use"])))  # noqa: PTH100 - links are judged below
    if refused := confine.refused(path, project, "card"):
        told = f"{_called(str(card['use']))}: {refused.text}"
        problems.add(parts.CARD.at(document.name, document.value_at(use), told))
        return document
    try:
        other = load.document(path, find.shown(path), problems)
    except errors.InvalidError:
        return document
    if not isinstance(other.root, Mapping) or "use" in other.root:
        fault = "a card's file holds its keys, such as title: ..., and does not `use` another"
        problems.add(parts.CARD.at(other.name, other.keys.get(("use",), START), fault))
        return document
    own = {name: value for name, value in card.items() if name != "use"}
    taken = {name for name in other.root if name not in own}
    return replace(
        document,
        root=_put(document.root, where, {**other.root, **own}),
        values={**_moved(other.values, where, taken), **document.values},
        keys={**_moved(other.keys, where, taken), **document.keys},
        files={**document.files, **{(*where, name): other.name for name in taken}},
        used=(*document.used, path),
    )


def _put(node: Any, where: Where, part: Any) -> Any:
    """A copy of the tree with that part in its place."""
    if not where:
        return part
    first, *rest = where
    if isinstance(node, list):
        return [_put(one, tuple(rest), part) if index == first else one for index, one in enumerate(node)]
    return {name: _put(one, tuple(rest), part) if name == first else one for name, one in node.items()}


def _moved(places: Mapping[Where, Position], where: Where, taken: set[Any]) -> dict[Where, Position]:
    return {(*where, *place): position for place, position in places.items() if place and place[0] in taken}


def _parts(document: Document, project: Path, problems: Problems) -> dict[str, Part]:
    """The texts that the templates include and import, and those that these do, by the names that they are called."""
    found: dict[str, Part] = {}
    waiting: list[tuple[str, str, Position]] = []
    root = document.root if isinstance(document.root, Mapping) else {}
    for where, text in campaigns.templates_of(root):
        waiting += [(name, document.file(where), document.value_at(where)) for name in template.files(text)]
    while waiting:
        name, of, place = waiting.pop(0)
        if name in found:
            continue
        if len(found) == MOST:
            problems.add(parts.TEMPLATE.at(of, place, f"the templates include and import more than {MOST} files"))
            break
        path = project / name
        fault, text = _text(name, path, project)
        if fault:
            problems.add(parts.TEMPLATE.at(of, place, f"{_called(name)}: {fault}"))
            continue
        shown = find.shown(path)
        found[name] = Part(text=text, name=shown, path=path)
        waiting += [(inner, shown, START) for inner in template.files(text)]
    return found


def _text(name: str, path: Path, project: Path) -> tuple[str, str]:
    """What is wrong with a template's file, or its text."""
    plain = PurePosixPath(name)
    if not name or plain.is_absolute() or ".." in plain.parts or "\\" in name or "\0" in name:
        return "a path from the folder of gewe.yaml, downwards, such as parts/greeting.txt", ""
    if refused := confine.refused(path, project, "file"):
        return refused.text, ""
    try:
        with path.open("rb") as file:
            raw = file.read(4 * template.LENGTH + 1)
        if len(raw) > 4 * template.LENGTH:
            return f"is longer than {template.LENGTH:,} characters; split it", ""
        text = raw.decode("utf-8-sig")
    except OSError as error:
        return f"cannot be read ({os.strerror(error.errno or 0).lower()}); check its permissions", ""
    except UnicodeDecodeError:
        return "is not UTF-8 text; save it as UTF-8", ""
    return "", text.replace("\r\n", "\n")


def _called(name: str) -> str:
    """A file as problems name it, which shows also that it has no name."""
    return name or '""'
