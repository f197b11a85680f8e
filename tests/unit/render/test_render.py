"""From recipients to messages: which names a template sees, what is checked, and what is frozen."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import hypothesis
import jsonschema
import pytest
from hypothesis import strategies as st

from gewe_runner import batches, render, schemas
from gewe_runner.model import (
    CARD_FIELDS,
    Assignment,
    Campaign,
    Level,
    Message,
    Position,
    Problem,
    Profile,
    Reason,
    Recipient,
    Skip,
    Source,
    Variant,
)
from gewe_runner.plan import freeze
from gewe_runner.problems import Problems
from gewe_runner.render import press

CARD = {
    "miniAppId": "wx1f9ea355b47256dd",
    "userName": "gh_690acf47ea05@app",
    "displayName": "百果园+",
    "title": " 最快{{ minutes }}分钟 ",
    "pagePath": "pages/index.html?store={{ store | urlencode }}",
    "coverImgUrl": "https://cdn.example.com/covers/sh.jpg",
}
SOURCE = Source(
    label="lists/sh.csv",
    name="campaigns/lists/sh.csv",
    where=("recipients", 0),
    path=Path("lists/sh.csv"),
    document="campaigns/fruit.yaml",
    position=Position(20, 5),
)
CAMPAIGN = Campaign(
    path=Path("/p/campaigns/fruit.yaml"),
    shown="campaigns/fruit.yaml",
    project=Path("/p"),
    name="fruit",
    edition="1",
    description="周末",
    vars={"minutes": 29},
    card=CARD,
    positions={("vars", "minutes"): Position(5, 8), ("vars", "spare"): Position(6, 8)},
    recipients=(SOURCE,),
)
PROFILE = Profile(name="sandbox", gateway="sandbox")


def given(number: int = 2, *, source: Source = SOURCE, variant: str | None = None, **columns: Any) -> Assignment:
    """An assignment of row `number`, with the columns that the card of these tests needs."""
    to_wxid = f"wxid_{number}"
    values = {"toWxid": to_wxid, "store": "S 1", **columns}
    recipient = Recipient(to_wxid=to_wxid, source=source, row=number, values=values)
    return Assignment(recipient=recipient, device="shop-east", variant=variant)


def campaign(*, card: Mapping[str, str] | None = None, **changes: Any) -> Campaign:
    return dataclasses.replace(CAMPAIGN, card={**CARD, **(card or {})}, **changes)


def rendered(
    one: Campaign, assignments: Iterable[Assignment | Skip], profile: Profile = PROFILE
) -> tuple[list[Message | Skip], list[Problem]]:
    """What becomes of the rows, and what is told of them: the same whether messages are wanted or not."""
    problems, told, rows = Problems(), Problems(), list(assignments)
    render.check(one, profile, rows, told)
    found = list(render.messages(one, profile, rows, problems))
    assert told.kept() == problems.kept()
    return found, list(problems)


def payload(one: Campaign, assignment: Assignment, profile: Profile = PROFILE) -> dict[str, str]:
    """The payload of a recipient about whom nothing is wrong."""
    [message], problems = rendered(one, [assignment], profile)
    assert not [problem for problem in problems if problem.level is not Level.NOTICE]
    assert isinstance(message, Message)
    card: dict[str, str] = json.loads(message.payload)
    return card


def title(text: str, assignment: Assignment, **changes: Any) -> str:
    return payload(campaign(card={"title": text}, **changes), assignment)["title"]


def test_a_message_is_frozen_as_canonical_json_and_its_digest() -> None:
    [message], _ = rendered(CAMPAIGN, [given()])
    expected = (
        '{"coverImgUrl":"https://cdn.example.com/covers/sh.jpg","displayName":"百果园+",'
        '"miniAppId":"wx1f9ea355b47256dd","pagePath":"pages/index.html?store=S%201",'
        '"title":"最快29分钟","toWxid":"wxid_2","userName":"gh_690acf47ea05@app"}'
    )
    assert message == Message(
        to_wxid="wxid_2",
        device="shop-east",
        variant=None,
        source="lists/sh.csv",
        row=2,
        payload=expected,
        sha256=hashlib.sha256(expected.encode()).hexdigest(),
    )


def test_a_check_makes_nothing_of_rows_in_which_nothing_is_wrong() -> None:
    slips: list[press.Slip] = [(n, f"wxid_{n}", "shop-east", None, (f"wxid_{n}", "S 1")) for n in (2, 3)]
    checked = press.Press(CAMPAIGN, PROFILE).check(
        [press.Sheet(SOURCE.where, SOURCE.label, ("toWxid", "store"), slips)]
    )
    assert checked == press.Pressed([], [], {}, [])


def test_skips_pass_through_in_order() -> None:
    skip = Skip(to_wxid="wxid_3", source="lists/sh.csv", row=3, reason=Reason.DUPLICATE)
    found, _ = rendered(CAMPAIGN, [given(2), skip, given(4)])
    assert [one.row for one in found] == [2, 3, 4]
    assert found[1] is skip


def test_rows_are_rendered_a_batch_at_a_time() -> None:
    def rows() -> Iterator[Assignment]:
        yield from map(given, range(2, 2 + batches.SIZE))
        raise AssertionError("the second batch was asked for before the first message was taken")

    assert isinstance(next(render.messages(CAMPAIGN, PROFILE, rows(), Problems())), Message)


# -- left out by a template


@pytest.mark.parametrize("field", CARD_FIELDS)
def test_a_template_leaves_its_recipient_out_in_any_field(field: str) -> None:
    one = campaign(
        card={field: CARD[field] + "{% if not store %}{{ skip('no store: ' ~ recipient.toWxid) }}{% endif %}"}
    )
    found, problems = rendered(one, [given(2, store=""), given(3)])
    assert found[0] == Skip(
        to_wxid="wxid_2", source="lists/sh.csv", row=2, reason=Reason.BY_TEMPLATE, text="no store: wxid_2"
    )
    assert isinstance(found[1], Message)
    assert not problems


def test_only_the_variant_that_says_so_leaves_its_recipients_out() -> None:
    variants = (Variant(name="a", weight=1, card={}), Variant(name="b", weight=1, card={"title": "{{ skip('b') }}"}))
    found, _ = rendered(campaign(variants=variants), [given(2, variant="a"), given(3, variant="b")])
    assert [type(one) for one in found] == [Message, Skip]


def test_who_is_left_out_needs_no_sound_card() -> None:
    """A field that cannot be rendered, before the one that skips or behind it, is no problem of this row."""
    one = campaign(
        card={"displayName": "{{ nope }}", "title": "{{ skip('no price') }}", "pagePath": "{{ price | int }}"}
    )
    found, problems = rendered(one, [given()])
    assert [one.text for one in found if isinstance(one, Skip)] == ["no price"]
    assert all(problem.level is Level.NOTICE for problem in problems)


def test_of_several_reasons_the_first_fields_counts() -> None:
    one = campaign(card={"pagePath": "{{ skip('second') }}", "title": "{{ skip('first') }}"})
    found, _ = rendered(one, [given()])
    assert [one.text for one in found if isinstance(one, Skip)] == ["first"]


# -- names


@pytest.mark.parametrize(
    ("columns", "own", "campaigns", "profiles", "seen"),
    [
        ({"x": "row"}, {"x": "list"}, {"x": "campaign"}, {"x": "profile"}, "row"),
        ({}, {"x": "list"}, {"x": "campaign"}, {"x": "profile"}, "list"),
        ({}, {}, {"x": "campaign"}, {"x": "profile"}, "campaign"),
        ({}, {}, {}, {"x": "profile"}, "profile"),
    ],
)
def test_a_row_wins_over_the_list_the_list_over_the_campaign_and_that_over_the_profile(
    columns: dict[str, Any], own: dict[str, str], campaigns: dict[str, str], profiles: dict[str, str], seen: str
) -> None:
    source = dataclasses.replace(SOURCE, vars=own)
    one = campaign(card={"title": "{{ x }}"}, vars=campaigns, recipients=(source,))
    profile = dataclasses.replace(PROFILE, vars=profiles)
    assert payload(one, given(source=source, **columns), profile)["title"] == seen


def test_rows_may_have_their_columns_in_any_order() -> None:
    rows = [given(2, x="1", y="2"), given(3, y="2", x="1")]
    found, _ = rendered(campaign(card={"title": "{{ x }} before {{ y }}"}), rows)
    assert ["1 before 2" in one.payload for one in found if isinstance(one, Message)] == [True, True]


def test_a_column_that_hides_a_variable_is_told_once() -> None:
    _, problems = rendered(CAMPAIGN, [given(row, minutes="30") for row in range(2, 9)])
    [problem] = [problem for problem in problems if problem.rule == "column-hides-variable"]
    assert (problem.path, problem.line, problem.level) == ("campaigns/fruit.yaml", 20, Level.NOTICE)
    assert "'minutes'" in problem.message


def test_templates_see_the_campaign_the_recipient_and_the_device() -> None:
    text = (
        "{{ campaign.name }}{{ campaign.edition }}{{ campaign.description }} "
        "{{ recipient.toWxid }} {{ recipient.source }} {{ recipient.row }} {{ device.name }}"
    )
    assert title(text, given(7)) == "fruit1周末 wxid_7 lists/sh.csv 7 shop-east"


def test_a_variant_overrides_keys_of_the_card_and_knows_its_name() -> None:
    variants = (
        Variant(name="a", weight=1, card={}),
        Variant(name="b", weight=1, card={"title": "{{ variant.name }}!"}),
    )
    assert title("[{{ variant.name }}]", given(variant="a"), variants=variants) == "[a]"
    assert title("[{{ variant.name }}]", given(variant="b"), variants=variants) == "b!"


def test_without_variants_the_name_of_the_variant_is_empty() -> None:
    assert title("[{{ variant.name }}]", given()) == "[]"


# -- problems


def test_an_undefined_name_is_told_at_its_row_with_its_field_and_the_names_that_exist() -> None:
    found, problems = rendered(campaign(card={"title": "{{ stor }}"}), [given(70_001)])
    [problem] = [problem for problem in problems if problem.level is Level.ERROR]
    assert not found
    assert (problem.path, problem.line, problem.rule) == ("campaigns/lists/sh.csv", 70_001, "template-undefined")
    assert problem.message.startswith("card.title: 'stor' is undefined; did you mean 'store'? known here: campaign, ")


def test_every_row_with_an_undefined_name_is_counted() -> None:
    problems = Problems()
    assignments = [given(row) if row % 2 else given(row, coupon="x") for row in range(1, 101)]
    found = list(render.messages(campaign(card={"title": "{{ coupon }}"}), PROFILE, assignments, problems))
    assert (problems.errors, len(found)) == (50, 50)


def test_every_field_of_a_row_is_looked_at() -> None:
    _, problems = rendered(campaign(card={"title": "{{ a }}", "displayName": "{{ b }}"}), [given()])
    assert {problem.message.split(":")[0] for problem in problems if problem.level is Level.ERROR} == {
        "card.title",
        "card.displayName",
    }


def test_a_problem_of_an_inline_row_stands_in_the_campaign_file() -> None:
    source = dataclasses.replace(
        SOURCE, path=None, rows=({"toWxid": "a"}, {"toWxid": "b"}), row_positions=(Position(30, 9), Position(31, 9))
    )
    _, problems = rendered(campaign(card={"title": "{{ nope }}"}, recipients=(source,)), [given(2, source=source)])
    [problem] = [problem for problem in problems if problem.level is Level.ERROR]
    assert (problem.path, problem.line, problem.column) == ("campaigns/fruit.yaml", 31, 9)


def test_a_problem_of_a_variant_names_the_variant_s_template() -> None:
    variants = (Variant(name="a", weight=1, card={"title": "{{ nope }}"}),)
    _, problems = rendered(campaign(variants=variants), [given(variant="a")])
    assert any(problem.message.startswith("variants[0].card.title: 'nope' is undefined") for problem in problems)


def test_a_template_that_does_not_fit_its_values_is_told_with_its_line() -> None:
    _, problems = rendered(campaign(card={"title": "{# a #}\n{{ store + 1 }}"}), [given()])
    [problem] = [problem for problem in problems if problem.level is Level.ERROR]
    assert problem.rule == "template-value"
    assert problem.message.startswith("card.title: line 2: cannot reckon text + a number")


@pytest.mark.parametrize(
    ("field", "text", "value", "rule"),
    [
        ("title", "{{ x }}", "  ", "value-empty"),
        ("title", "{{ x }}", "a\nb", "value-control"),
        ("pagePath", "{{ x }}", "pages/index", "page-path-html"),
        ("coverImgUrl", "{{ x }}", "http://127.0.0.1/a.jpg", "cover-private"),
        ("title", "{{ x }}", "a\ud800", "template-value"),
    ],
)
def test_a_bad_value_is_told_at_its_row_and_gives_no_message(field: str, text: str, value: str, rule: str) -> None:
    found, problems = rendered(campaign(card={field: text}), [given(5, x=value), given(6, x="pages/index.html")])
    told = [problem for problem in problems if problem.rule == rule]
    assert told
    assert told[0].line == 5
    assert field in told[0].message
    assert all(one.row == 6 for one in found)


def test_a_warning_does_not_keep_a_message_back() -> None:
    [message], problems = rendered(campaign(card={"title": "{{ x }}"}), [given(x="果" * 30)])
    assert isinstance(message, Message)
    assert [problem.rule for problem in problems if problem.level is Level.WARNING] == ["title-length"]


def test_a_constant_value_is_not_checked_again_in_every_row() -> None:
    found, problems = rendered(campaign(card={"pagePath": "pages/index"}), [given()])
    assert len(found) == 1
    assert "page-path-html" not in {problem.rule for problem in problems}


def test_a_payload_that_breaks_the_schema_is_explained() -> None:
    found, problems = rendered(campaign(card={"displayName": ""}), [given()])
    [problem] = [problem for problem in problems if problem.rule == "payload-schema"]
    assert not found
    assert problem.message.startswith("displayName: ")


# -- what nothing uses


def told_unused(problems: Iterable[Problem]) -> list[tuple[str, int | None, str]]:
    return [(one.rule, one.line, one.message) for one in problems if one.rule.startswith("unused-")]


def test_a_variable_that_nothing_uses_is_a_notice_at_its_place() -> None:
    _, problems = rendered(campaign(vars={"minutes": 29, "spare": 1}), [given()])
    [(rule, line, message)] = told_unused(problems)
    assert (rule, line) == ("unused-variable", 6)
    assert "'spare'" in message


def test_a_variable_of_a_list_that_nothing_uses_is_a_notice_at_the_list() -> None:
    source = dataclasses.replace(SOURCE, vars={"city": "sh"})
    _, problems = rendered(campaign(recipients=(source,)), [given(source=source)])
    assert [(rule, line) for rule, line, _ in told_unused(problems)] == [("unused-variable", 20)]


def test_columns_that_nothing_uses_are_one_notice_for_their_list() -> None:
    _, problems = rendered(CAMPAIGN, [given(2, phone="1", birthday="2"), given(3, phone="1")])
    [(rule, line, message)] = told_unused(problems)
    assert (rule, line) == ("unused-column", 20)
    assert message.endswith("birthday, phone")


def test_variants_conditions_and_columns_count_as_use() -> None:
    source = dataclasses.replace(SOURCE, condition="opted_in == 'yes' and level", columns={"kept": "theirs"})
    one = campaign(
        vars={"minutes": 29, "level": 1},
        recipients=(source,),
        variants=(Variant(name="a", weight=1, card={"title": "{{ minutes }}{{ nick }}"}),),
    )
    columns: dict[str, Any] = {"opted_in": "yes", "kept": "x", "device": "shop-east", "nick": "n"}
    _, problems = rendered(one, [given(source=source, variant="a", **columns)])
    assert told_unused(problems) == []


def test_what_nothing_uses_is_told_after_the_last_row_only() -> None:
    problems, rows = Problems(), map(given, range(2, 3 + batches.SIZE))
    found = render.messages(campaign(vars={"minutes": 29, "spare": 1}), PROFILE, rows, problems)
    next(found)
    assert list(problems) == []


# -- the schema

_WHOLE = st.fixed_dictionaries({name: st.text(max_size=2) for name in ("toWxid", *CARD_FIELDS)})


@hypothesis.given(_WHOLE)
def test_the_quick_check_says_what_the_schema_says(payload: dict[str, str]) -> None:
    schema = schemas.load("plan")["definitions"]["payload"]
    assert press.conforms(freeze.canonical(payload)) == jsonschema.Draft7Validator(schema).is_valid(payload)


# -- what is remembered of the rows before

_SEEING = (
    "{{ store }}",
    "{{ device.name }} {{ minutes }}",
    "{{ recipient.row }}",
    "{% if nick %}{% set store = nick %}{% endif %}{{ store }}",
    "{{ skip('no ' ~ nick) if nick == 'b' }}{{ nick }}",
    "{{ range }}{{ variant.name }}",
    "{% for one in range(2) %}{{ one }}{% endfor %}{{ store }}",
    "{% include 'part' %}",
    "{% from 'macros' import of with context %}{{ of(store) }}",
)


@hypothesis.given(
    st.lists(st.sampled_from(_SEEING), min_size=2, max_size=2),
    st.lists(
        st.fixed_dictionaries(
            {"store": st.sampled_from(["", "S", "果"]), "nick": st.sampled_from(["", "b", "c"])},
            optional={"range": st.sampled_from("xy"), "minutes": st.just("7")},
        ),
        min_size=2,
        max_size=8,
    ),
)
def test_rows_get_what_they_would_get_alone(texts: list[str], rows: list[dict[str, Any]]) -> None:
    parts = {"part": "{{ nick }}{{ minutes }}", "macros": "{% macro of(x) %}{{ x }}{{ nick }}{% endmacro %}"}
    card = {"title": texts[0], "displayName": texts[1]}
    one = campaign(card=card, parts=parts, variants=(Variant(name="a", weight=1, card={}),))
    given_rows = [given(number, variant="a", **row) for number, row in enumerate(rows, 2)]
    found, problems = rendered(one, given_rows)
    alone = [rendered(one, [row]) for row in given_rows]
    assert found == [line for lines, _ in alone for line in lines]
    assert [one for one in problems if one.level is Level.ERROR] == [
        one for _, told in alone for one in told if one.level is Level.ERROR
    ]


def test_what_is_wrong_is_told_by_the_names_of_its_own_row() -> None:
    def told(**columns: Any) -> str:
        _, problems = rendered(campaign(card={"title": "{{ stores }}"}), [given(**columns)])
        return next(problem.message for problem in problems if problem.level is Level.ERROR)

    assert told(store="S") != told(store="S", stored="T")


def test_more_values_than_are_remembered_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [given(number, store=f"S {number % 7}") for number in range(2, 60)]
    whole, _ = rendered(CAMPAIGN, rows)
    monkeypatch.setattr(press, "_KEPT", 5)
    assert rendered(CAMPAIGN, rows)[0] == whole
