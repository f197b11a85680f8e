"""What decides quickly whether a document keeps its schema agrees with what explains where it does not."""

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gewe_runner import load, schemas
from gewe_runner.document import Document, Scalar
from gewe_runner.load import scalars
from gewe_runner.problems import Problems
from gewe_runner.validate import decide, dialect

CASES = Path(__file__).parents[1] / "campaigns"
FILES = sorted(CASES.rglob("*.yaml"))

#: Files with nearly every key that there is.
FULL = [CASES / "valid" / "everything.yaml", CASES / "gewe.yaml"]

# fmt: off
WRITTEN = (
    "", "~", "true", "no", "0", "-1", "1", "29", "1.10", "0.5", "1e3", ".inf", ".nan", "101", "10%", "100%", "a", "A b",
    "shop-east", "wx1f9ea355b47256dd", "GEWE_TOKEN", "21:30-08:00", "2026-12-01T09:00:00+08:00", "a\n", "allow",
)
# fmt: on
SCALARS = st.builds(
    lambda text, quoted: Scalar(text, text if quoted else scalars.value(text)), st.sampled_from(WRITTEN), st.booleans()
)
NAMES = st.sampled_from(["rows", "file", "sql", "toWxid", "appId", "pace", "x", "X y"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)


def schema(file: Path) -> str:
    return "settings" if file.stem.startswith(("settings-", "gewe")) else "campaign"


def document(file: Path) -> Document:
    return load.document(file, file.name, Problems())


def is_explained_as_right(name: str, root: Any) -> bool:
    return not list(dialect.validator(name).iter_errors(root))


def places(node: Any) -> list[tuple[Any, Any]]:
    """Each mapping or list of the tree with each of its keys or indexes."""
    keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    return [(node, key) for key in keys] + [place for key in keys for place in places(node[key])]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_both_say_the_same_of_every_example(file: Path) -> None:
    name, root = schema(file), document(file).root
    assert decide.keeps(name, root) == is_explained_as_right(name, root)


@pytest.mark.parametrize("file", FULL, ids=schema)
def test_a_full_file_keeps_its_schema(file: Path) -> None:
    assert decide.keeps(schema(file), document(file).root)


@pytest.mark.parametrize("file", FULL, ids=schema)
@given(data=st.data())
def test_both_say_the_same_whatever_is_changed_removed_or_added(file: Path, data: st.DataObject) -> None:
    name, root = schema(file), copy.deepcopy(document(file).root)
    for _ in range(data.draw(st.integers(1, 3))):
        holder, key = data.draw(st.sampled_from(places(root)))
        change = data.draw(st.sampled_from(["replace", "remove", "rename", "twice"]))
        if change == "replace":
            holder[key] = data.draw(VALUES)
        elif change == "remove":
            del holder[key]
        elif isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        else:
            holder[data.draw(st.sampled_from(["x", "X y", "file", "devices"]))] = copy.deepcopy(holder[key])
    assert decide.keeps(name, root) == is_explained_as_right(name, root)


@pytest.mark.parametrize("name", ["campaign", "settings", "faults"])
def test_no_document_but_a_mapping_keeps_a_schema(name: str) -> None:
    others: list[Any] = [Scalar("a", "a"), Scalar("", None), []]
    assert not any(decide.keeps(name, root) for root in others)


def test_a_keyword_that_is_not_known_is_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "load", lambda _: {"type": "object", "maxLength": 3})
    with pytest.raises(KeyError, match="maxLength"):
        decide.keeps("one that nobody has asked for yet", {})
