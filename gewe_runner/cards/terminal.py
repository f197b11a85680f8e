"""A card on the terminal, about as a phone shows it."""

from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from gewe_runner import words

#: Columns that a card takes.
WIDTH = 44

#: Characters of a title that are looked at; the panel shows two lines of them.
_TITLE = 200


def panel(fields: Mapping[str, str]) -> RenderableType:
    """The card: name, title in two lines at most, where its cover lies, and the mini-program's footer."""
    inner = WIDTH - 4
    name = Text(f"● {_plain(fields, 'displayName')}", style="dim", no_wrap=True, overflow="ellipsis")
    cover = Text(_plain(fields, "coverImgUrl"), style="dim", overflow="fold", justify="center")
    body: list[RenderableType] = [
        name,
        *_clamped(_plain(fields, "title"), inner),
        Panel(cover, title="cover", height=5, style="dim"),
    ]
    return Panel(Group(*body, Text("⊘ 小程序", style="dim")), width=WIDTH)


def path(fields: Mapping[str, str]) -> str:
    """Where a tap on the card leads."""
    return _plain(fields, "pagePath")


def _plain(fields: Mapping[str, str], name: str) -> str:
    return words.line(fields.get(name, ""), _TITLE)


def _clamped(title: str, width: int, most: int = 2) -> Iterator[Text]:
    """The title's first lines as a phone breaks them; the last ends in … where there is more."""
    lines: list[str] = [""]
    for character in title:
        if Text(lines[-1] + character).cell_len > width:
            lines.append("")
        lines[-1] += character
    kept = lines[:most]
    if len(lines) > most:
        while Text(kept[-1]).cell_len > width - 1:
            kept[-1] = kept[-1][:-1]
        kept[-1] += "…"
    return (Text(line, style="bold", no_wrap=True) for line in kept)
