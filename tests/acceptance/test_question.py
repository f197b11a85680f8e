"""The question before a send, asked on a real terminal: it says all that a yes would do, and a no does nothing."""

import errno
import os
import pty
from dataclasses import dataclass

import pytest

from tests import program
from tests.acceptance.conftest import PATIENCE, Gateway, Shop, open_shop
from tests.conftest import CAMPAIGN


@dataclass(frozen=True)
class Talk:
    """What was said on a terminal, and the exit code."""

    code: int
    text: str


def talk(shop: Shop, *arguments: str, answer: str) -> Talk:
    """Run `gewe-runner ARGUMENTS…` on a terminal, and answer the question once it is asked."""
    ours, theirs = pty.openpty()
    try:
        env = {**shop.clean(), **shop.env, "TERM": "dumb", "COLUMNS": "200"}
        with program.start(*arguments, cwd=shop.folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs) as process:
            os.close(theirs)
            text = ""
            while piece := read(ours):
                text += piece
                if "[y/N]" in text and answer:
                    os.write(ours, f"{answer}\n".encode())
                    answer = ""
            return Talk(process.wait(PATIENCE), text.replace("\r\n", "\n"))
    finally:
        os.close(ours)


def read(terminal: int) -> str:
    """What has come, empty at the end, which a terminal tells by an error."""
    try:
        return os.read(terminal, 65_536).decode()
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return ""


def superseding(shop: Shop) -> Shop:
    """One of three was sent to; since then the card has changed."""
    assert shop.send("--limit", "1").returncode == 0
    shop.edit("fruit.yaml", "水果到家", "新鲜水果到家")
    return shop


@pytest.fixture(scope="module")
def refused(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, Talk]:
    """Somebody says no to a plan that replaces another."""
    shop = superseding(open_shop(tmp_path_factory.mktemp("question") / "shop", gateway))
    return shop, talk(shop, "send", "fruit.yaml", answer="n")


def test_a_question_says_number_profile_gateway_and_what_the_plan_replaces(refused: tuple[Shop, Talk]) -> None:
    shop, said = refused
    assert "\n  replaces          2   pending messages of a former plan, which are cancelled\n" in said.text
    question = "\nSend 2 messages and cancel 2 pending ones of a former plan through live: "
    assert question + f"{shop.gateway.url}? [y/N]:" in said.text


def test_a_no_sends_nothing_and_leaves_the_former_plan_as_it_was(refused: tuple[Shop, Talk]) -> None:
    shop, said = refused
    assert said.code == 4
    assert said.text.endswith("error: not agreed to; nothing was sent\n")
    assert shop.accepted().total() == 1
    (run,) = shop.runs()
    assert (run["state"], run["counts"]["pending"], run["counts"]["cancelled"]) == ("open", 2, 0)


def test_a_yes_cancels_what_the_former_plan_had_pending(shop: Shop) -> None:
    said = talk(superseding(shop), "send", "fruit.yaml", answer="y")
    assert said.code == 0
    assert shop.accepted().total() == 3
    new, former = shop.runs()
    assert (new["counts"]["sent"], former["state"], former["counts"]["cancelled"]) == (2, "superseded", 2)


def test_a_plan_that_only_takes_back_asks_as_well(shop: Shop) -> None:
    shop.send("--limit", "1")
    shop.members(shop.friends(1)[0])
    said = talk(shop, "send", "fruit.yaml", answer="n")
    assert "Send 0 messages and cancel 2 pending ones of a former plan" in said.text
    assert said.code == 4


def test_a_paused_run_among_several_campaigns_is_told_before_the_question(shop: Shop) -> None:
    shop.send("--limit", "1")
    paused = shop.runs()[0]["id"]
    shop.run("pause", paused)
    # it comes first, so that it would be registered before the paused one is found
    shop.write("apple.yaml", CAMPAIGN.replace("name: fruit", "name: apple").replace("shop-east", "shop-west"))
    said = talk(shop, "send", "apple.yaml", "fruit.yaml", answer="y")
    assert said.code == 5
    assert f"error: run {paused} is paused\n  gewe-runner resume {paused}\n" in said.text
    assert "[y/N]" not in said.text
    assert [one["id"] for one in shop.runs()] == [paused]
    assert shop.accepted().total() == 1
