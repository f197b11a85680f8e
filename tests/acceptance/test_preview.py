"""`preview`: the cards of a campaign, on the terminal and as JSON, with the real program."""

import json
from pathlib import Path

from tests.conftest import Cli


def test_cards_are_drawn_with_who_gets_them(cli: Cli, project: Path) -> None:
    done = cli("preview", "fruit.yaml", "--limit", "1", cwd=project)
    assert done.returncode == 0, done.stderr
    for part in (
        "SANDBOX",
        "林晓雨，水果到家",
        "小程序",
        "to wxid_demo000000001a",
        "members.csv, row 2",
        "2 messages more",
    ):
        assert part in done.stdout


def test_one_recipient_is_shown_alone(cli: Cli, project: Path) -> None:
    done = cli("preview", "fruit.yaml", "--to", "wxid_demo000000002b", cwd=project)
    assert "陈默，水果到家" in done.stdout
    assert "林晓雨" not in done.stdout


def test_somebody_who_gets_nothing_is_told_why(cli: Cli, project: Path) -> None:
    (project / "suppressed.csv").write_text("toWxid\nwxid_demo000000002b\n", encoding="utf-8")
    done = cli("preview", "fruit.yaml", "--to", "wxid_demo000000002b", cwd=project)
    assert done.returncode == 0
    assert "row 3: suppressed" in done.stdout


def test_somebody_who_is_in_no_list_is_a_usage_error(cli: Cli, project: Path) -> None:
    done = cli("preview", "fruit.yaml", "--to", "wxid_nobody", cwd=project)
    assert done.returncode == 2
    assert "wxid_nobody is in no list" in done.stderr


def test_json_has_the_payloads_and_their_hashes_as_the_plan_has_them(cli: Cli, project: Path) -> None:
    shown = json.loads(cli("preview", "fruit.yaml", "--json", cwd=project).stdout)
    cli("plan", "fruit.yaml", "-o", "plan.jsonl", cwd=project)
    planned = [json.loads(line) for line in (project / "plan.jsonl").read_text(encoding="utf-8").splitlines()[1:]]
    assert [(one["toWxid"], one["sha256"], one["payload"]) for one in shown] == [
        (one["toWxid"], one["sha256"], one["payload"]) for one in planned
    ]


def test_an_invalid_campaign_is_not_drawn(cli: Cli, project: Path) -> None:
    (project / "fruit.yaml").write_text("version: 1\n", encoding="utf-8")
    done = cli("preview", "fruit.yaml", cwd=project)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
