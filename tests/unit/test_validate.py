"""A document becomes a campaign or settings, or every one of its problems is told."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gewe_runner import errors, load, model, validate
from gewe_runner.document import Document, Scalar
from gewe_runner.model import Campaign, Level, Pace, Position, Settings, Where
from gewe_runner.problems import Problems

SETTINGS = """\
version: 1
default_profile: sandbox
profiles:
  sandbox:
    gateway: sandbox
    devices:
      shop-east: {}
      shop-west: {appId: wx_sandbox_west, pace: {per_minute: 3, gap_seconds: [1, 2.5]}}
    vars: {brand: 百果园}
  production:
    gateway: https://api.geweapi.com/
    token_env: GEWE_TOKEN
    ledger_env: GEWE_LEDGER
    ledger_id: 6f1c2a90b3d4e5f6
    require_approval: true
    devices:
      shop-east: {appId_env: GEWE_APPID_EAST, pace: {per_day: 100}}
    suppress: [{file: lists/opted-out.csv}]
    policy: {max_recipients: 5000}
    pace: {per_minute: 6, quiet_hours: 22:00-07:30, cool_down_minutes: null}
    refusals: {too_often: [操作频繁]}
    timeouts: {connect: 2.5}
"""
CAMPAIGN = """\
version: 1
name: fruit-delivery
edition: 1.10
vars: {minutes: 29, share: 0.5, hot: true, on: on, code: 0123, endless: .inf}
card:
  miniAppId: wx1f9ea355b47256dd
  userName: gh_690acf47ea05@app
  displayName: 360
  title: 最快{{ minutes }}分钟
  pagePath: pages/index.html?store={{ store | urlencode }}
  coverImgUrl: https://cdn.example.com/a.jpg
recipients:
  - rows:
      - {toWxid: filehelper, store: 0012, note: ~}
      - {toWxid: 12345, store: S2, note: }
  - file: ../lists/shanghai.csv
    columns: {toWxid: wxid}
    where: opted_in == "yes"
    vars: {city: sh}
    device: shop-west
suppress:
  - file: ../../elsewhere.csv
variants:
  - {name: a}
  - {name: b, weight: 2, card: {title: 水果到家}}
send:
  device: shop-east
  not_before: 2026-12-01T09:00:00+08:00
  waves: [20, 10%]
  stop_when: {failure_percent: 10}
  pace: {per_minute: 2, gap_seconds: [2, 5], quiet_hours: 21:00-08:00}
"""

Read = Callable[[str, str], Document]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Writes a file of the project and loads it."""

    def document(name: str, text: str) -> Document:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return load.document(path, name, Problems())

    return document


@pytest.fixture
def settings(read: Read) -> Settings:
    return validate.settings(read("gewe.yaml", SETTINGS), Problems())


@pytest.fixture
def campaign(read: Read, settings: Settings) -> Campaign:
    document = read("campaigns/fruit.yaml", CAMPAIGN)
    return validate.campaign(document, settings, settings.profiles["sandbox"], Problems())


def told(read: Read, settings: Settings, text: str, profile: str = "sandbox") -> list[str]:
    """The problems of a campaign file, as `line:column rule`."""
    problems = Problems()
    with pytest.raises(errors.InvalidError):
        validate.campaign(read("campaigns/wrong.yaml", text), settings, settings.profiles[profile], problems)
    return [f"{problem.line}:{problem.column} {problem.rule}" for problem in problems]


def test_settings_that_are_read_again_are_as_wrong_as_before(read: Read) -> None:
    problems = Problems()
    for _ in range(2):
        with pytest.raises(errors.InvalidError):
            validate.settings(read("gewe.yaml", "version: 1\n"), problems)
    assert problems.errors == 1


def test_the_folder_of_the_settings_is_the_project(settings: Settings, tmp_path: Path) -> None:
    assert settings.project == tmp_path
    assert settings.default_profile == "sandbox"


def test_the_sandbox_has_no_limits_but_its_own(settings: Settings) -> None:
    devices = settings.profiles["sandbox"].devices
    assert devices["shop-east"].pace == model.UNLIMITED
    assert devices["shop-west"].pace == replace(model.UNLIMITED, per_minute=3, gap_seconds=(1, 2.5))


def test_a_devices_pace_lies_over_the_profiles_and_that_over_the_defaults(settings: Settings) -> None:
    pace = settings.profiles["production"].devices["shop-east"].pace
    night = (22 * 60, 7 * 60 + 30)
    assert pace == Pace(per_minute=6, per_day=100, quiet_hours=night, cool_down_minutes=None)


def test_a_profile_is_read_in_full(settings: Settings) -> None:
    profile = settings.profiles["production"]
    assert profile.gateway == "https://api.geweapi.com/gewe/v2/api"
    assert (profile.token_env, profile.ledger_env) == ("GEWE_TOKEN", "GEWE_LEDGER")
    assert profile.ledger_id == "6f1c2a90b3d4e5f6"
    assert profile.require_approval
    assert profile.policy == model.Policy(max_recipients=5000, groups=True)
    assert profile.refusals.too_often == ("操作频繁",)
    assert (profile.connect_timeout, profile.read_timeout) == (2.5, 60)
    assert profile.suppress[0].label == "lists/opted-out.csv"
    assert profile.suppress[0].where == ("profiles", "production", "suppress", 0)


def test_text_stays_as_it_is_written(campaign: Campaign) -> None:
    assert campaign.edition == "1.10"
    assert campaign.card["displayName"] == "360"
    rows = campaign.recipients[0].rows
    assert rows is not None
    assert rows[0] == {"toWxid": "filehelper", "store": "0012", "note": "~"}
    assert rows[1] == {"toWxid": "12345", "store": "S2", "note": ""}


def test_nothing_of_yaml_is_left_in_a_campaign(campaign: Campaign) -> None:
    values = [campaign.name, campaign.edition, *campaign.card.values(), *campaign.vars.values(), *campaign.send.waves]
    assert not any(isinstance(value, Scalar) for value in values)


def test_variables_keep_their_kind(campaign: Campaign) -> None:
    assert campaign.vars == {
        "minutes": 29,
        "share": 0.5,
        "hot": True,
        "on": "on",
        "code": 123,
        "endless": ".inf",
    }


def test_a_list_knows_its_path_and_its_names(campaign: Campaign, tmp_path: Path) -> None:
    source = campaign.recipients[1]
    assert source.path == tmp_path / "lists" / "shanghai.csv"
    assert (source.label, source.name) == ("lists/shanghai.csv", "lists/shanghai.csv")
    assert source.columns == {"toWxid": "wxid"}
    assert (source.condition, source.vars, source.device) == ('opted_in == "yes"', {"city": "sh"}, "shop-west")


def test_a_list_knows_where_it_is_declared(campaign: Campaign) -> None:
    source = campaign.recipients[1]
    assert (source.document, source.where) == ("campaigns/fruit.yaml", ("recipients", 1))
    assert source.position == Position(16, 11)
    assert source.columns_position == Position(17, 5)
    assert source.condition_position == Position(18, 12)


def test_rows_know_where_they_stand(campaign: Campaign) -> None:
    source = campaign.recipients[0]
    assert (source.label, source.name) == ("recipients[0].rows", "campaigns/fruit.yaml")
    assert source.row_positions == (Position(14, 9), Position(15, 9))


def test_a_list_outside_the_project_is_left_to_who_opens_it(campaign: Campaign, tmp_path: Path) -> None:
    assert campaign.suppress[0].path == tmp_path.parent / "elsewhere.csv"
    assert campaign.suppress[0].label == "../../elsewhere.csv"


def test_templates_and_variables_have_positions(campaign: Campaign) -> None:
    expected: dict[Where, Position] = {
        ("card", "title"): Position(9, 10),
        ("variants", 1, "card", "title"): Position(25, 40),
        ("vars", "share"): Position(4, 21),
    }
    assert {where: campaign.positions[where] for where in expected} == expected


def test_the_sending_is_read_in_full(campaign: Campaign) -> None:
    assert campaign.send == model.Delivery(
        devices=("shop-east",),
        not_before="2026-12-01T09:00:00+08:00",
        waves=("20", "10%"),
        stop_when=model.StopWhen(failures_in_a_row=5, failure_percent=10),
        pace={"per_minute": 2, "gap_seconds": (2, 5), "quiet_hours": (21 * 60, 8 * 60)},
    )


def test_a_campaign_takes_over_the_policy_of_its_profile(read: Read, settings: Settings) -> None:
    text = CAMPAIGN.replace("device: shop-west", "device: shop-east") + "policy: {groups: deny}\n"
    found = validate.campaign(read("campaigns/a.yaml", text), settings, settings.profiles["production"], Problems())
    assert found.policy == model.Policy(max_recipients=5000, groups=False)


def test_a_pace_is_held_against_every_device_that_is_named(read: Read, settings: Settings) -> None:
    assert told(read, settings, CAMPAIGN.replace("per_minute: 2", "per_minute: 4")) == ["31:22 looser-pace"]


def test_a_warning_does_not_stop_a_campaign(read: Read, settings: Settings) -> None:
    problems = Problems()
    document = read("campaigns/a.yaml", CAMPAIGN.replace("水果到家", "水果到家" * 6))
    validate.campaign(document, settings, settings.profiles["sandbox"], problems)
    assert [(problem.rule, problem.level) for problem in problems] == [("title-length", Level.WARNING)]


def test_what_has_the_right_shape_is_judged_beside_what_has_not(read: Read, settings: Settings) -> None:
    text = CAMPAIGN.replace("edition: 1.10", "editon: 1").replace("device: shop-east", "device: shop-esat")
    text = text.replace("@app", "").replace("weight: 2", "weight: two")
    found = ["3:1 unknown-key", "7:13 user-name", "25:23 wrong-type", "27:11 unknown-device"]
    assert told(read, settings, text) == found


def test_the_error_names_the_file_and_the_command_that_lists_its_problems(read: Read, settings: Settings) -> None:
    document = read("campaigns/a.yaml", "version: 1\n")
    with pytest.raises(errors.InvalidError) as caught:
        validate.campaign(document, settings, settings.profiles["sandbox"], Problems())
    assert caught.value.message == "campaigns/a.yaml has 4 problems"
    assert caught.value.hint == "gewe-runner validate campaigns/a.yaml"


def test_an_earlier_files_errors_do_not_fail_this_one(read: Read, settings: Settings) -> None:
    problems = Problems()
    with pytest.raises(errors.InvalidError):
        validate.settings(read("other/gewe.yaml", "version: 2\n"), problems)
    document = read("campaigns/fruit.yaml", CAMPAIGN)
    assert validate.campaign(document, settings, settings.profiles["sandbox"], problems).name == "fruit-delivery"


def test_two_files_of_one_name_are_a_problem_that_names_both(read: Read, campaign: Campaign) -> None:
    problems = Problems()
    validate.namesake(read("campaigns/copy.yaml", CAMPAIGN), campaign, "campaigns/fruit.yaml", problems)
    [problem] = problems
    assert (problem.path, problem.line, problem.rule) == ("campaigns/copy.yaml", 2, "same-name")
    assert "campaigns/fruit.yaml" in problem.message


LINES = st.sampled_from(CAMPAIGN.splitlines())
INSTEAD = st.sampled_from(["", ": x", ": [1]", ": {a: 1}", ":", ": .nan", ": 10000000000000"])


@hypothesis_settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(LINES, INSTEAD)))
def test_however_a_file_is_damaged_it_gives_a_campaign_or_problems(
    read: Read, settings: Settings, damage: list[tuple[str, str]]
) -> None:
    text = CAMPAIGN
    for line, other in damage:
        text = text.replace(f"{line}\n", f"{line.partition(':')[0]}{other}\n" if other else "", 1)
    problems = Problems()
    try:
        document = read("campaigns/damaged.yaml", text)
    except errors.InvalidError:
        return
    try:
        validate.campaign(document, settings, settings.profiles["sandbox"], problems)
    except errors.InvalidError:
        assert problems.errors
    else:
        assert not problems.errors
