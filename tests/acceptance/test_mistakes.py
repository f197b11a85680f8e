"""A user's mistakes are met kindly: a line says what is wrong and what to do, and nothing is sent."""

import concurrent.futures
import json
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from tests.acceptance.conftest import Gateway, Shop, open_shop
from tests.conftest import CAMPAIGN


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """What somebody did to a valid project, and what they are told."""

    #: What must be said within one line of stderr, as regular expressions.
    told: tuple[str, ...]
    code: int = 3
    #: file, what stands there, what they made of it
    edit: tuple[str, str, str] | None = None
    write: Mapping[str, str | bytes] = field(default_factory=dict)
    remove: str = ""
    #: a symbolic link and what it points to
    link: tuple[str, str] | None = None
    arguments: tuple[str, ...] = ("send", "fruit.yaml", "--yes")
    env: Mapping[str, str] = field(default_factory=dict)

    def make(self, shop: Shop) -> None:
        for file, content in self.write.items():
            shop.write(file, content)
        if self.edit:
            shop.edit(*self.edit)
        if self.remove:
            (shop.folder / self.remove).unlink()
        if self.link:
            name, target = self.link
            (shop.folder / name).symlink_to(target)


EMPTY = (r"^lists/members\.csv: ", "has no rows", "fill it")
OUTSIDE = (r"^fruit\.yaml:12:11: ", "outside the project", "copy the list into it")

OWN_LEDGER = ("gewe.yaml", "token_env", "ledger_env: GEWE_LEDGER\n    token_env")

LIST = "file: lists/members.csv\n    columns: {toWxid: wxid}"

#: Nobody's name is missing but the last one's.
LONG = "".join(json.dumps({"wxid": f"wxid_long{n}", "name": "林", "store": "静安寺店"}) + "\n" for n in range(2_999))
LONG += '{"wxid": "wxid_last", "store": "静安寺店"}\n'

MISTAKES = {
    "a wrong key": Mistake(
        edit=("fruit.yaml", "displayName:", "displayname:"),
        told=(r"^fruit\.yaml:7:3: ", '"displayname"', 'did you mean "displayName"'),
    ),
    "a wrong type": Mistake(
        edit=("fruit.yaml", "displayName: 百果园+", "displayName: [百果园+]"),
        told=(r"^fruit\.yaml:7:16: ", "displayName", "wanted text, for example"),
    ),
    "a variable that no list has": Mistake(
        edit=("fruit.yaml", "{{ name }}", "{{ nickname }}"),
        told=(r"^lists/members\.csv:2:1: ", r"card\.title", "'nickname'", "did you mean 'name'"),
    ),
    "a list that is not there": Mistake(
        edit=("fruit.yaml", "members.csv", "member.csv"),
        told=(r"^fruit\.yaml:12:11: ", "lists/member.csv", "no such file", 'did you mean "members.csv"'),
    ),
    "a column that the list does not have": Mistake(
        edit=("fruit.yaml", "toWxid: wxid", "toWxid: wx_id"),
        told=(r"^fruit\.yaml:13:5: ", '"wx_id"', "it has: wxid, name, store"),
    ),
    "columns the wrong way round": Mistake(
        edit=("fruit.yaml", "toWxid: wxid", "wxid: toWxid"),
        told=(r"^fruit\.yaml:13:5: ", "the wrong way round", "columns: {toWxid: wxid}"),
    ),
    "a bare recipient": Mistake(
        edit=("fruit.yaml", LIST, "toWxid: filehelper"),
        told=(r"^fruit\.yaml:12:5: ", r"- rows: \[{toWxid: filehelper}\]"),
    ),
    "a condition that yields text": Mistake(
        edit=("fruit.yaml", LIST, LIST + "\n    where: name"),
        told=(r"^lists/members\.csv:2:1: ", "where", 'where: name == "yes"'),
    ),
    "an undefined variable in the last row of a long list": Mistake(
        edit=("fruit.yaml", "members.csv", "long.jsonl"),
        write={"lists/long.jsonl": LONG},
        told=(r"^lists/long\.jsonl:3000:1: ", r"card\.title", "'name' is undefined", "known here: .*store"),
    ),
    "no such device": Mistake(
        edit=("fruit.yaml", "device: shop-east", "device: shop-eats"),
        told=(r"^fruit\.yaml:15:11: ", 'no device "shop-eats"', 'did you mean "shop-east"'),
    ),
    "tabs in YAML": Mistake(
        edit=("fruit.yaml", "  miniAppId", "\tminiAppId"), told=(r"^fruit\.yaml:5:1: ", "a tab", "use spaces")
    ),
    "a template without quotes": Mistake(
        edit=("fruit.yaml", 'title: "{{ name }}，水果到家"', "title: {{ name }}，水果到家"),
        told=(r"^fruit\.yaml:8:\d+: ", re.escape('"{{ name }}，水果到家"')),
    ),
    "an empty campaign": Mistake(write={"fruit.yaml": ""}, told=(r"^fruit\.yaml: ", "is empty", "begins with")),
    "a binary campaign": Mistake(
        write={"fruit.yaml": bytes(range(256))}, told=(r"^fruit\.yaml: ", "binary", "name a YAML file")
    ),
    "a binary list": Mistake(
        write={"lists/members.csv": b"PK\x03\x04\x14\x00" + bytes(range(256))},
        told=(r"^lists/members\.csv: ", "not text", "export the list as CSV"),
    ),
    "an empty list": Mistake(write={"lists/members.csv": ""}, told=EMPTY),
    "a list with a header alone": Mistake(write={"lists/members.csv": "wxid,name,store\n"}, told=EMPTY),
    "a list that is a folder": Mistake(
        edit=("fruit.yaml", "lists/members.csv", "lists"),
        told=(r"^fruit\.yaml:12:11: ", "is a folder", "name one list in it"),
    ),
    "a list outside the project": Mistake(
        edit=("fruit.yaml", "lists/members.csv", "../members.csv"), told=(*OUTSIDE, r"\.\./members\.csv")
    ),
    "a list outside the project by a link": Mistake(
        edit=("fruit.yaml", "members.csv", "linked.csv"),
        link=("lists/linked.csv", "/etc/passwd"),
        told=(*OUTSIDE, r"linked\.csv"),
    ),
    "two campaigns of one name": Mistake(
        write={"copy.yaml": CAMPAIGN}, told=(r"^fruit\.yaml:2:7: ", "copy.yaml", "another name")
    ),
    "no settings": Mistake(remove="gewe.yaml", told=(r"^error: fruit\.yaml: no gewe\.yaml", r"write gewe\.yaml")),
    "a campaign that is not there": Mistake(
        arguments=("send", "fruits.yaml"), told=("^error: fruits.yaml: there is no such file", "there are: fruit.yaml")
    ),
    "a folder without campaigns": Mistake(
        arguments=("send", "lists"), told=("^error: lists: there is no campaign", "name a campaign file")
    ),
    "no token": Mistake(env={"GEWE_TOKEN": ""}, told=("^error: no token", r"\$GEWE_TOKEN", "export GEWE_TOKEN=")),
    "a ledger that is a folder": Mistake(
        edit=OWN_LEDGER,
        env={"GEWE_LEDGER": "sqlite:///lists"},
        told=("^error: .*/lists: is a folder", "name a file in it"),
    ),
    "a ledger that is no database": Mistake(
        edit=OWN_LEDGER,
        env={"GEWE_LEDGER": "sqlite:///fruit.yaml"},
        told=(r"^error: .*/fruit\.yaml: the file is not a ledger", "name another ledger"),
    ),
    "a ledger in a place that cannot be": Mistake(
        edit=OWN_LEDGER,
        env={"GEWE_LEDGER": "sqlite:///fruit.yaml/ledger.db"},
        told=(r"^error: .*/fruit\.yaml/ledger\.db: the ledger.s folder cannot be made", "name another place"),
    ),
    "no address of the ledger": Mistake(
        edit=("gewe.yaml", "token_env", "ledger_env: GEWE_LEDGER\n    token_env"),
        told=(r"^error: .*\$GEWE_LEDGER", "export GEWE_LEDGER=postgresql://.*sqlite:///"),
    ),
    "an unknown profile": Mistake(
        arguments=("send", "fruit.yaml", "--yes", "--profile", "prod"),
        code=2,
        told=("^error: gewe.yaml has no profile 'prod'", "it has live"),
    ),
    "an unknown option": Mistake(
        arguments=("send", "fruit.yaml", "--force"), code=2, told=("^Error: No such option '--force'",)
    ),
    "an unknown command": Mistake(arguments=("sned", "fruit.yaml"), code=2, told=("^Error: No such command 'sned'",)),
    "a report before any run": Mistake(
        arguments=("report", "2026"), told=("^error: .*there is no ledger yet", "gewe-runner send CAMPAIGN")
    ),
}


@dataclass(frozen=True)
class Ending:
    """How the program took it."""

    shop: Shop
    done: "subprocess.CompletedProcess[str]"


def told(done: "subprocess.CompletedProcess[str]") -> list[str]:
    """The lines of stderr, each with the advice that is indented below it."""
    return done.stderr.replace("\n  ", " ").splitlines()


@pytest.fixture(scope="module")
def endings(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ending]:
    """Every mistake made, each in a project of its own; side by side, since starting a program takes a second."""

    folder = tmp_path_factory.mktemp("mistakes")  # the factory is not made for threads

    def end(named: tuple[int, Mistake]) -> Ending:
        number, mistake = named
        shop = open_shop(folder / str(number) / "shop", gateway)
        mistake.make(shop)
        return Ending(shop, shop.run(*mistake.arguments, env=mistake.env))

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return dict(zip(MISTAKES, pool.map(end, enumerate(MISTAKES.values())), strict=True))


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_met_with_a_line_that_says_what_to_do(what: str, endings: dict[str, Ending]) -> None:
    mistake, ending = MISTAKES[what], endings[what]
    lines = told(ending.done)
    assert ending.done.returncode == mistake.code, lines
    assert any(all(re.search(one, line) for one in mistake.told) for line in lines), lines


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_shows_no_traceback_sends_nothing_and_makes_no_ledger(what: str, endings: dict[str, Ending]) -> None:
    ending = endings[what]
    assert "Traceback" not in ending.done.stdout + ending.done.stderr
    assert not ending.shop.accepted()
    assert not [file for file in ending.shop.folder.rglob("*") if file.suffix == ".db"]


@pytest.fixture(scope="module")
def nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ending]:
    """A send to a port where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        gateway = Gateway(f"http://127.0.0.1:{taken.getsockname()[1]}/gewe/v2/api")
        shop = open_shop(tmp_path_factory.mktemp("nobody") / "shop", gateway)
        yield Ending(shop, shop.send())


def test_a_gateway_that_is_not_there_stops_the_run_after_three_tries(nobody: Ending) -> None:
    assert nobody.done.returncode == 5
    assert any(
        re.search("^error: stopped: the gateway cannot be reached .*refused.* check the gateway's address", line)
        for line in told(nobody.done)
    )
    assert nobody.shop.report()["totals"]["pending"] == 3
    assert [one["attempts"] for one in nobody.shop.report()["messages"]] == [3, 0, 0]


def test_a_run_that_the_ledger_does_not_know_is_a_slip_of_the_hand(nobody: Ending) -> None:
    done = nobody.shop.run("report", "2025")
    assert done.returncode == 2
    assert told(done) == ["error: there is no run '2025' gewe-runner status"]
