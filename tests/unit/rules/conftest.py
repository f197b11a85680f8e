"""A document from a text, as the rules get it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gewe_runner import load
from gewe_runner.problems import Problems

Tree = Callable[[str], Any]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Reads YAML as a campaign file is read."""

    def read(text: str) -> Any:
        path = tmp_path / "text.yaml"
        path.write_text(text, encoding="utf-8")
        return load.document(path, "text.yaml", Problems()).root

    return read
