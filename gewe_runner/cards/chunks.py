"""Packs rows into a page: compressed pieces that nothing in HTML can mistake for markup."""

import base64
import gzip
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence

#: Rows in one piece.
SIZE = 2_000


def packed(rows: Iterable[Sequence[str | int | None]], size: int = SIZE) -> Iterator[str]:
    """The rows as base64 of gzipped JSON arrays, `size` of them in each; the same bytes for the same rows."""
    iterator = iter(rows)
    while batch := list(itertools.islice(iterator, size)):
        # surrogate halves, which UTF-8 cannot hold, are escaped: JSON reads them back
        text = json.dumps(batch, ensure_ascii=True, separators=(",", ":"))
        yield base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
