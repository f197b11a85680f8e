"""Cards as they are grouped, packed and drawn."""

import base64
import gzip
import json

import hypothesis
from hypothesis import strategies as st
from rich import cells
from rich.console import Console

from gewe_runner.cards import chunks, distinct, terminal
from gewe_runner.model import Message, Reason, Skip


def message(to_wxid: str, title: str) -> Message:
    payload = json.dumps({"title": title, "toWxid": to_wxid}, ensure_ascii=False)
    return Message(to_wxid=to_wxid, device="east", variant=None, source="a.csv", row=2, payload=payload, sha256="")


def drawn(**fields: str) -> list[str]:
    console = Console(width=80, force_terminal=False, color_system=None)
    with console.capture() as captured:
        console.print(terminal.panel(fields))
    return captured.get().splitlines()


def test_messages_that_differ_only_in_their_recipient_are_one_card() -> None:
    found = distinct.distinct([message("a", "x"), message("b", "y"), message("c", "x")], limit=9)
    assert [(card.fields, card.count) for card in found.cards] == [({"title": "x"}, 2), ({"title": "y"}, 1)]


def test_cards_beyond_the_limit_are_counted() -> None:
    skip = Skip(to_wxid="s", source="a.csv", row=3, reason=Reason.HOLDOUT)
    found = distinct.distinct([skip, *(message(f"p{number}", f"t{number}") for number in range(10))], limit=3)
    assert (len(found.cards), found.others, found.skipped) == (3, 7, 1)


def test_of_many_recipients_some_are_named() -> None:
    (card,) = distinct.distinct([message(f"p{number}", "x") for number in range(10)], limit=3).cards
    assert (card.count, len(card.messages)) == (10, distinct.NAMED)


@hypothesis.given(st.lists(st.tuples(st.text(max_size=20), st.one_of(st.none(), st.integers()))), st.integers(1, 5))
def test_packed_rows_are_read_back_and_are_no_markup(rows: list[tuple[str, int | None]], size: int) -> None:
    pieces = list(chunks.packed(rows, size))
    assert all(piece.isascii() and not set(piece) & set("<>&\"'") for piece in pieces)
    read = [row for piece in pieces for row in json.loads(gzip.decompress(base64.b64decode(piece)))]
    assert [tuple(row) for row in read] == rows


def test_a_title_takes_two_lines_and_says_that_it_goes_on() -> None:
    lines = drawn(title="长" * 100, displayName="店", coverImgUrl="https://x.example/a.jpg")
    titles = [line for line in lines if "长" in line]
    assert len(titles) == 2
    assert "…" in titles[1]
    assert {cells.cell_len(line) for line in titles} == {terminal.WIDTH}


def test_nothing_in_a_card_reaches_the_terminal_as_a_command() -> None:
    text = "\n".join(drawn(title="\x1b[31mred [bold]x[/bold]", displayName="\x07店", coverImgUrl="https://x"))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[bold]x[/bold]" in text
