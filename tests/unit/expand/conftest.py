"""A project folder with lists in it, and a short way to read them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gewe_runner import expand
from gewe_runner.model import Position, Recipient, Source
from gewe_runner.problems import Problems


class Project:
    """A folder whose lists are written and read in one line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems = Problems()

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def source(self, name: str, **fields: Any) -> Source:
        usual: dict[str, Any] = {"path": self.folder / name, "document": "a.yaml", "position": Position(7, 5)}
        return Source(label=name, name=name, where=("recipients", 0), **(usual | fields))

    def rows(self, *rows: dict[str, str], **fields: Any) -> Source:
        places = tuple(Position(10 + number, 9) for number in range(len(rows)))
        return self.source("rows", path=None, rows=rows, row_positions=places, **fields)

    def lazily(self, *sources: Source) -> Iterator[Recipient]:
        return expand.recipients(sources, self.folder, self.problems)

    def recipients(self, name: str, content: str | bytes, **fields: Any) -> list[Recipient]:
        self.write(name, content)
        return list(self.lazily(self.source(name, **fields)))

    def ids(self, name: str, content: str | bytes, **fields: Any) -> list[str]:
        self.write(name, content)
        return list(expand.ids([self.source(name, **fields)], self.folder, self.problems))

    @property
    def said(self) -> list[str]:
        """The problems as the user sees them."""
        return [
            ":".join(str(part) for part in (p.path, p.line, p.column) if part) + f": {p.rule}: {p.message}"
            for p in self.problems
        ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    return folder


@pytest.fixture
def lists(folder: Path) -> Project:
    return Project(folder)
