"""Packs rows into a page: compressed pieces that nothing in HTML can mistake for markup."""

import base64
import gzip
import json
from collections.abc import Iterable, Iterator, Sequence

#: Rows in one piece, and about the characters that it may have before it is compressed.
SIZE, CHARACTERS = 2_000, 100_000


def packed(rows: Iterable[Sequence[str | int | None]], size: int = SIZE) -> Iterator[str]:
    """The rows as base64 of gzipped JSON arrays, at most `size` of them in each; the same bytes for the same rows."""
    batch: list[str] = []
    characters = 0
    for row in rows:
        # surrogate halves, which UTF-8 cannot hold, are escaped: JSON reads them back
        text = json.dumps(row, ensure_ascii=True, separators=(",", ":"))
        batch.append(text)
        characters += len(text)
        if len(batch) >= size or characters >= CHARACTERS:
            yield _piece(batch)
            batch, characters = [], 0
    if batch:
        yield _piece(batch)


def _piece(batch: Sequence[str]) -> str:
    return base64.b64encode(gzip.compress(f"[{','.join(batch)}]".encode(), mtime=0)).decode()
