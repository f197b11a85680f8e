"""What the gateway refuses without our knowing why is told in its own words, at the end of a send and later."""

import json
from collections.abc import Iterator

import pytest

from gewe_runner import sandbox
from tests import program
from tests.acceptance.conftest import Gateway, Shop, open_shop

TEXTS = ("用户未授权", "用户未授权", 'no "deal" \x1b[31m', "three", "four", "five", "six", "seven")


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, str]]:
    """A shop whose gateway refuses everybody but one, and what the send said."""
    folder = tmp_path_factory.mktemp("refusals") / "shop"
    faults = [{"match": {"to": f"refused{number}_*"}, "refuse": {"inner": text}} for number, text in enumerate(TEXTS)]
    with program.sandboxed(sandbox.Options(faults={"version": 1, "faults": faults})) as url:
        shop = open_shop(folder, Gateway(url))
        shop.members(*(f"refused{number}_someone" for number in range(len(TEXTS))), *shop.friends(1))
        shop.edit("fruit.yaml", "send:\n", "send:\n  stop_when: {failures_in_a_row: 100}\n")
        yield shop, shop.send().stdout


def test_a_send_ends_with_the_refusals_by_text_and_what_to_paste(refusing: tuple[Shop, str]) -> None:
    _, said = refusing
    assert '        2 × 用户未授权\n              refusals: {too_often: ["用户未授权"]}\n' in said
    assert r'refusals: {too_often: ["no \"deal\" [31m"]}' in said


def test_at_most_five_texts_are_shown_and_the_others_counted(refusing: tuple[Shop, str]) -> None:
    _, said = refusing
    assert said.count("refusals: {") == 5
    assert "        2 × other texts" in said


def test_status_of_the_run_tells_the_same(refusing: tuple[Shop, str]) -> None:
    shop, said = refusing
    lines = [line for line in shop.run("status", "latest").stdout.splitlines() if " × " in line]
    assert len(lines) == 6
    assert lines == [line for line in said.splitlines() if " × " in line]
    (tree,) = json.loads(shop.run("status", "latest", "--format", "json").stdout)
    assert next(iter(tree["refusals"].items())) == ("用户未授权", 2)


def test_a_pasted_text_stops_the_lane_from_then_on(refusing: tuple[Shop, str]) -> None:
    shop, said = refusing
    line = next(line.strip() for line in said.splitlines() if "refusals: {too_often" in line)
    shop.edit("gewe.yaml", "    token_env", f"    {line}\n    token_env")
    shop.run("resolve", "--retry-rejected", "--to", "refused0_someone")
    again = shop.send()
    assert again.returncode == 5
    assert "too often" in again.stderr
    assert shop.states()["refused0_someone"] == "pending"
