"""report.md tells a person what happened and what to do."""

import re
from pathlib import Path

import pytest

from gewe_runner import words
from gewe_runner.model import Reason, State

from . import build


def test_the_whole_report_reads_like_this(tmp_path: Path) -> None:
    records = [
        build.record(1),
        build.record(2, State.REJECTED, gateway_text="用户不存在", device="shop-west"),
        build.record(3, State.UNKNOWN, reason="no answer", started_at=build.NINE),
    ]
    build.write(tmp_path, records, [build.skip()], made={"tool": "gewe-runner 0.1.0"})
    assert build.read_markdown(tmp_path) == (
        "# `fruit-delivery`, edition `1`\n"
        "\n**1 of 3 messages sent; 1 rejected, 1 unknown.**\n"
        "\n| planned | sent | rejected | unknown | pending | cancelled |"
        "\n| --: | --: | --: | --: | --: | --: |"
        "\n| 3 | 1 | 1 | 1 | 0 | 0 |\n"
        "\n## What to do next\n"
        "\n- 1 unknown: look in WeChat whether the cards are there. They are never sent again by themselves. Say"
        " what became of them: `gewe-runner resolve 20261201-0900-fruit-delivery-3f2a --profile production --as"
        " sent`, or `--as not-sent` to let the next `send` send them."
        "\n- 1 rejected: the gateway's words are below, every message is in `messages.csv`."
        " `gewe-runner resolve 20261201-0900-fruit-delivery-3f2a --profile production --retry-rejected` lets the next"
        " `send` try them again."
        "\n- `failed.csv` has the list rows without a confirmed card and can be given back as a list; under this"
        " edition whoever is rejected or unknown stays so until resolved. A cell that a spreadsheet would run as"
        " a formula begins with an apostrophe there: take it away first.\n"
        "\n## By device\n"
        "\n| device | planned | sent | rejected | unknown | pending | cancelled |"
        "\n| --: | --: | --: | --: | --: | --: | --: |"
        "\n| `shop-east` | 2 | 1 (50.0%) | 0 | 1 | 0 | 0 |"
        "\n| `shop-west` | 1 | 0 | 1 | 0 | 0 | 0 |\n"
        "\n## Skipped rows\n"
        "\n- 1 duplicate: an earlier row has the same id\n"
        "\n## Refusals, in the gateway's words\n"
        "\n- 1 × `用户不存在`\n"
        "\n## Unknown messages\n"
        "\n- message 3 to `wxid_p…03` via `shop-east`, 2026-12-01 01:00 UTC: `no answer`\n"
        "\n## This run\n"
        "\n- run `20261201-0900-fruit-delivery-3f2a`, `finished`"
        "\n- profile `production`, gateway `https://api.example.com/gewe/v2/api`"
        f"\n- digest `{'cd' * 32}`"
        "\n- created 2026-12-01 01:00 UTC"
        "\n- finished 2026-12-01 01:07 UTC"
        "\n- tool `gewe-runner 0.1.0`\n"
    )


def test_variants_are_told_apart_by_what_became_of_them(tmp_path: Path) -> None:
    outcomes = [("a", State.SENT), ("a", State.SENT), ("a", State.REJECTED), ("b", State.SENT), ("b", State.UNKNOWN)]
    build.write(tmp_path, [build.record(seq, state, variant=name) for seq, (name, state) in enumerate(outcomes, 1)])
    text = build.read_markdown(tmp_path)
    assert "\n| `a` | 3 | 2 (66.7%) | 1 | 0 | 0 | 0 |\n| `b` | 2 | 1 (50.0%) | 0 | 1 | 0 | 0 |\n" in text


def test_a_run_without_trouble_asks_for_nothing(tmp_path: Path) -> None:
    build.write(tmp_path, [build.record()])
    text = build.read_markdown(tmp_path)
    assert "**1 message sent, all that were planned.**" in text
    assert "What to do next" not in text


def test_a_dry_run_says_that_nothing_was_sent(tmp_path: Path) -> None:
    build.write(tmp_path, [build.record(state="would_send")], id="dry-run")
    assert "**Dry run: 1 message would be sent. Nothing was sent.**" in build.read_markdown(tmp_path)


def test_a_stopped_run_says_why_and_how_to_go_on(tmp_path: Path) -> None:
    build.write(tmp_path, [build.record(state=State.PENDING)], state="open", stopped="token refused")
    text = build.read_markdown(tmp_path)
    assert "\nStopped: `token refused`\n" in text
    assert "- 1 pending: `gewe-runner send` with the same campaign goes on with this run." in text


def test_the_sandbox_is_named_as_such(tmp_path: Path) -> None:
    build.write(tmp_path, [build.record()], gateway="sandbox")
    assert "SANDBOX - nothing reached WeChat" in build.read_markdown(tmp_path)


def test_every_reason_has_its_meaning(tmp_path: Path) -> None:
    build.write(tmp_path, [], [build.skip(reason=reason) for reason in Reason])
    assert re.findall(r"^- 1 (\w+): .", build.read_markdown(tmp_path), re.MULTILINE) == list(Reason)


def test_no_whole_wxid_stands_in_the_summary(tmp_path: Path) -> None:
    records = [build.record(n, State.UNKNOWN) for n in range(1, 40)]
    build.write(tmp_path, records, [build.skip()])
    text = build.read_markdown(tmp_path)
    assert "person" not in text
    assert "- and 19 more: state `unknown` in `messages.csv`" in text


def test_hostile_texts_stay_inside_their_code_spans(tmp_path: Path) -> None:
    hostile = build.HOSTILE
    build.write(
        tmp_path,
        [
            build.record(1, State.REJECTED, gateway_text=hostile, device=hostile, variant=hostile),
            build.record(2, State.UNKNOWN, to_wxid=hostile * 9, reason=hostile, device="a\\|b"),
        ],
        edition=hostile,
        stopped=hostile * 99,
        profile=hostile,
    )
    text = build.read_markdown(tmp_path)
    outside = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    assert not re.search(r"script|@all|\]\(|`", outside)
    assert all(char.isprintable() or char == "\n" for char in text)
    assert {line.count("|") for line in text.splitlines() if line.startswith("|")} == {7, 8}


@pytest.mark.parametrize(
    ("text", "shown"),
    [("", "(no text)"), ("a`b", "``a`b``"), ("`", "`` ` ``"), ("a ``` b", "````a ``` b````"), (" \n\0", "(no text)")],
)
def test_a_code_span_cannot_be_closed_from_inside(text: str, shown: str) -> None:
    assert words.code(text) == shown
