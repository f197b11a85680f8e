"""What templates can do, what they are refused, and that whatever they try comes to an end."""

import json
import string
from collections.abc import Mapping
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from jinja2.filters import do_urlencode

from gewe_runner import template
from gewe_runner.template import faults, meter, offer, plain

ROW = {"city": "sh", "minutes": 29, "store": "徐 1", "rated": True, "campaign": {"name": "fruit", "edition": "1"}}


def fault(text: str) -> template.TemplateFault:
    """How a template fails, when it is compiled or when it is rendered for ROW."""
    with pytest.raises(template.TemplateFault) as caught:
        template.Template(text).render(ROW)
    return caught.value


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("最快{{ minutes }}分钟", "最快29分钟"),
        ("a.html?store={{ store | urlencode }}", "a.html?store=%E5%BE%90%201"),
        ("{{ campaign.name }}-{{ campaign['edition'] }}", "fruit-1"),
        ("{{ 'VIP' if city == 'sh' else 'you' }}", "VIP"),
        ("{{ 'VIP' if city == 'bj' }}", ""),
        ("{{ coupon | default('none') }}", "none"),
        ("{{ 'a' if coupon is defined else 'b' }}", "b"),
        ("{{ city ~ minutes ~ rated }}", "sh29True"),
        ("{{ city + '-' }}{{ minutes * 2 }}", "sh-58"),
        ("{{ '%.2f' | format(9.5) }} {{ '%05d' % 12 }} {{ '100%%' % () }}", "9.50 00012 100%"),
        ("{{ {'店': ['a', 1]} | tojson }}", '{"店":["a",1]}'),
        ("{{ 'b,a'.split(',') | sort | map('upper') | join('+') }}", "A+B"),
        (
            "{{ city.replace('s', 'x') }}{{ city | replace('h', 'y') }}{{ '7'.zfill(3) }}{{ '-'.join(['a', 'b']) }}",
            "xhsy007a-b",
        ),
        ("{{ {'sh': 'a.jpg'}[city] }}{{ {'sh': 'b'}.get('bj', 'c') }}", "a.jpgc"),
        ("{{ city[1:] }}{{ city[0] }}", "hs"),
        ("{{ 9.7 | round | int }}{{ 3 is odd }}{{ 4 is divisibleby 2 }}", "10TrueTrue"),
        ("{% for x in range(3) %}{{ loop.index0 }}{{ ',' if not loop.last }}{% endfor %}", "0,1,2"),
        ("{% for k, v in {'a': 1}.items() %}{{ k }}={{ v }}{% else %}-{% endfor %}", "a=1"),
        ("{% macro m(x, y='!') %}<{{ x }}{{ y }}>{% endmacro %}{{ m(city) }}", "<sh!>"),
        ("{% set x = 5 %}{% set y %}{{ x }}{{ x }}{% endset %}{{ y }}", "55"),
        ("{% filter upper %}{{ city }}{% endfilter %}{% with z = 1 %}{{ z }}{% endwith %}", "SH1"),
        ("{% raw %}{{ x }}{% endraw %}{# nothing #} 100% }}", "{{ x }} 100% }}"),
    ],
)
def test_a_template_gives_the_text_its_author_expects(text: str, rendered: str) -> None:
    assert template.Template(text).render(ROW) == rendered


def outcome(text: str, names: Mapping[str, object]) -> object:
    """All that a template says of itself and gives."""
    try:
        made = template.Template(text)
        return made.names, made.constant, made.render(names)
    except template.TemplateFault as fault:
        return fault.message, fault.undefined, fault.line, fault.file


_PIECES: tuple[str, ...] = (
    "{{ a }}",
    "{{b}}",
    "{{\ta }}",
    "{{ 店 }}",
    "{{ range }}",
    "{{ none }}",
    "{{ self }}",
    "{{ not }}",
    "{{ ² }}",
)
_PIECES += ("{{ a | urlencode }}", "{{a|urlencode}}", "{{ c |urlencode }}", "{{ a | urlencode() }}", "{{ a | upper }}")
_PIECES += ("{{ 1 }}", "{{ }}", "{{- a }}", "x", " ", "\n", "{", "}", "%", "{{ a", "}}", "{% if a %}", "{{ c }}")
#: Among them what no query can hold: half of a character, a list of no pairs, a text that is too long once encoded.
_VALUES = (
    "",
    "A",
    "上海/a b&c",
    7,
    9.5,
    True,
    None,
    [1],
    [["x y", "é/"]],
    {"k é": "v w", "n": 1},
    "\ud800",
    "上" * 9_000,
)


@hypothesis.given(
    st.lists(st.sampled_from(_PIECES), max_size=5).map("".join),
    st.fixed_dictionaries({"a": st.sampled_from(_VALUES), "店": st.just("S")}, optional={"b": st.just("B")}),
)
def test_a_template_without_jinja_gives_what_jinja_makes_of_it(text: str, names: dict[str, object]) -> None:
    assert outcome(text, names) == outcome("{##}" + text, names)  # a comment says nothing, and only Jinja reads it


def test_a_template_of_names_alone_is_bounded() -> None:
    long = {"a": "x" * 60_000}
    assert outcome("{{ a }}{{ a }}", long) == outcome("{##}{{ a }}{{ a }}", long)
    assert outcome("{{ a }}" * 3, {"a": "x" * 30_000}) == outcome("{##}" + "{{ a }}" * 3, {"a": "x" * 30_000})


def test_the_functions_that_are_known_without_jinja_are_those_on_offer() -> None:
    assert offer.GLOBALS.keys() == plain.FUNCTIONS


@hypothesis.given(
    st.text() | st.integers() | st.dictionaries(st.text(), st.text()) | st.lists(st.tuples(st.text(), st.text()))
)
def test_a_query_is_encoded_as_jinja_does(value: Any) -> None:
    assert plain.urlencode(value) == do_urlencode(value)


def test_values_are_not_escaped() -> None:
    assert template.Template("{{ name }}").render({"name": "<b>&'\""}) == "<b>&'\""


def test_the_names_taken_from_outside_are_known_without_rendering() -> None:
    found = template.Template("{% set a = b %}{% for c in d %}{{ a ~ c ~ e.f }}{% endfor %}{{ range(2) | length }}")
    assert found.names == {"b", "d", "e"}


@pytest.mark.parametrize(
    ("text", "constant"), [("plain }}", "plain }}"), ("", ""), ("a\nb", "a\nb"), ("{{ 'x' }}", None), ("{{ x }}", None)]
)
def test_only_a_text_without_jinja_is_constant(text: str, constant: str | None) -> None:
    assert template.Template(text).constant == constant


def test_numbers_and_booleans_show_as_written() -> None:
    assert template.Template("{{ a }} {{ b }} {{ c }}").render({"a": 29, "b": 9.5, "c": True}) == "29 9.5 True"


@hypothesis.given(st.text(st.characters(exclude_characters="{}%#\r\n")), st.text(string.ascii_letters + "中文 <>&%{}"))
def test_plain_text_and_values_pass_unchanged(plain: str, value: str) -> None:
    assert template.Template(plain + "{{ x }}").render({"x": value}) == plain + value


@hypothesis.given(st.dictionaries(st.text(), st.lists(st.integers(-9, 9)), max_size=5))
def test_json_is_the_same_for_any_order_of_keys(value: dict[str, list[int]]) -> None:
    text = template.Template("{{ x | tojson }}")
    turned = dict(reversed(value.items()))
    assert text.render({"x": value}) == text.render({"x": turned})
    assert json.loads(text.render({"x": value})) == value


# -- expressions


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('city == "sh"', True),
        ("city in ['bj'] or minutes > 30", False),
        ("city", "sh"),
        ("coupon is defined", False),
        ("none", None),
        ("result == 'x'", False),
    ],
)
def test_an_expression_gives_its_value(text: str, value: object) -> None:
    assert template.Expression(text).evaluate(ROW | {"result": "y"}) == value


def test_an_undefined_name_is_no_result_of_an_expression() -> None:
    with pytest.raises(template.TemplateFault) as caught:
        template.Expression("optedin").evaluate({"opted_in": "yes"})
    assert caught.value.undefined == "optedin"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ a }}", "without {{ }}"),
        ("a = 'yes'", "a comparison is written =="),
        ("a b", "unexpected 'b' after the expression"),
        ("a }} {% if b", "after the expression"),
        ("", "ends too early"),
        ("a && b", "write and"),
    ],
)
def test_a_slip_in_an_expression_is_explained(text: str, words: str) -> None:
    found = template.expression_fault(text)
    assert found
    assert words in found.message


def test_sound_texts_have_no_fault() -> None:
    assert template.syntax_fault("{{ a }}") is None
    assert template.expression_fault("a == 1") is None


# -- leaving a recipient out


@pytest.mark.parametrize(
    "text",
    [
        "{{ skip('no store') }}",
        "{% if city == 'sh' %}{{ skip(' no\n store ') }}{% endif %}",
        "{% macro m(x) %}{{ skip(x) }}{% endmacro %}{{ m('no store') }}",
        "{{ skip('no store') if city else nope }}",
        "{% for x in range(3) %}{{ skip('no ' ~ 'store') if x == 2 }}{% endfor %}",
        "{% set x = skip('no store') %}",
    ],
)
def test_a_template_can_leave_the_recipient_out_wherever_it_says_so(text: str) -> None:
    with pytest.raises(template.Skipped) as caught:
        template.Template(text).render(ROW)
    assert caught.value.reason == "no store"


@pytest.mark.parametrize("reason", ["''", "' '", "'a' * 201", "'\x07'", "'\ud800'", "none", "[1]", ""])
def test_a_reason_is_one_line_of_text(reason: str) -> None:
    assert fault(f"{{{{ skip({reason}) }}}}").message


def test_a_column_may_be_called_skip() -> None:
    assert template.Template("{{ skip }}").render({"skip": "no"}) == "no"


def test_an_expression_leaves_nobody_out_with_skip() -> None:
    with pytest.raises(template.TemplateFault, match="gives false instead"):
        template.Expression("skip('no store')").evaluate(ROW)


# -- messages


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ a", "'{{' is never closed; add '}}'"),
        ("{{ a b }}", "'}}' expected before 'b'"),
        ("{{ 'a }}", "a quote is never closed"),
        ("{{ }}", "nothing between '{{' and '}}'"),
        ("{% if a %}", "{% if %} is never closed; add {% endif %}"),
        ("{% if a = 1 %}{% endif %}", "a comparison is written =="),
        ("{% endif %}", "no tag {% endif %}"),
        ("{{ city | urlencod }}", "no filter 'urlencod'; did you mean 'urlencode'?"),
        ("{{ city is nonee }}", "no test 'nonee'; did you mean 'none'?"),
        ("{{ stor }}", "'stor' is undefined; did you mean 'store'? known here: campaign, city,"),
        ("{{ campaign.nam }}", "no 'nam' in it; did you mean 'name'?"),
        ("{{ campaign }}", "name one of its parts: edition, name"),
        ("{{ city.format() }}", "there is a filter: | format"),
        ("{{ city.upper }}", "a function needs its ()"),
        ("{{ city() }}", "text cannot be called"),
        ("{{ none }}", "none cannot stand in a text"),
        ("{{ [1] }}", "join its parts"),
        ("{{ minutes + '1' }}", "cannot reckon a number + text; | int makes a number of a text"),
        ("{{ city < 1 }}", "between instances of text and a number"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ 3[1:] }}", "not subscriptable"),
        (
            "{{ city | tojson(indent=2) }}",
            "'tojson' cannot be used here: it got an unexpected keyword argument 'indent'",
        ),
        ("{{ '\ud800' | urlencode }}", "half of a character"),
        ("{{ 5 | round(nope) }}", "'nope' is undefined"),
        ("{{ city | replace(old='a', old='b') }}", "the argument 'old' is given twice"),
    ],
)
def test_a_fault_says_in_plain_words_what_to_do(text: str, words: str) -> None:
    assert words in fault(text).message


@pytest.mark.parametrize("text", ["\n\n{{ nope }}", "\n\n{{ a b }}", "\n\n{% include 'x' %}", "\n\n{{ 1 + 'a' }}"])
def test_a_fault_names_its_line(text: str) -> None:
    assert fault(text).line == 3


@pytest.mark.parametrize(
    "text", ["{{ nope }}", "{{ nope.x }}", "{{ nope() }}", "{{ nope or 'x' }}", "{% if nope %}{% endif %}"]
)
def test_an_undefined_name_is_a_fault_wherever_it_is_used(text: str) -> None:
    assert fault(text).undefined == "nope"


@pytest.mark.parametrize(
    "text", ["{{ [nope] | length }}", "{{ nope ~ 'x' }}", "{{ nope | upper }}", "{{ 'a' in nope }}"]
)
def test_an_undefined_name_hides_nowhere(text: str) -> None:
    assert fault(text).undefined == "nope"


def test_a_message_stays_one_short_line_whatever_the_names_are() -> None:
    found = fault("{{ {'" + "a" * 9000 + "': 1}['" + "b\\n" * 300 + "'] }}")
    assert len(found.message) <= faults.LONG + 1
    assert "\n" not in found.message


# -- nothing but the values


@pytest.mark.parametrize(
    "text",
    [
        "{% extends 'x' %}",
        "{% block a %}{% endblock %}",
        "{% call m() %}{% endcall %}",
        "{% autoescape true %}{% endautoescape %}",
        "{% for x in [1] recursive %}{% endfor %}",
        "{% set ns.x = 1 %}",
    ],
)
def test_tags_that_reach_outside_are_not_available(text: str) -> None:
    assert "not available" in fault(text).message


@pytest.mark.parametrize(
    "text",
    [
        "{{ city.__class__ }}",
        "{{ city['__class__'] }}",
        "{{ [city] | map(attribute='__class__') | list }}",
        "{{ [city] | sort(attribute='__class__.x') | join }}",
        "{{ ''.join.__self__ }}",
        "{{ self }}",
        "{{ self._TemplateReference__context }}",
        "{{ range }}",
        "{{ range ~ '' }}",
        "{{ [range] | join }}",
        "{{ '%s' | format(range) }}",
        "{{ '%r' % city }}",
        "{{ '%s' % [city] }}",
        "{{ {'a': range} | tojson }}",
        "{% macro m() %}{% endmacro %}{{ m }}",
        "{% macro m() %}{% endmacro %}{{ m._environment }}",
        "{% for x in [1] %}{{ loop }}{% endfor %}",
        "{% for x in [1] %}{{ loop._iterator }}{% endfor %}",
        "{{ cycler(1) }}",
        "{{ lipsum() }}",
        "{{ joiner() }}",
        "{{ namespace() }}",
        "{{ dict() }}",
        "{{ environment }}",
        "{{ [1] | random }}",
        "{{ [1] | shuffle }}",
        "{{ city | attr('upper') }}",
        "{{ city | safe }}",
        "{{ (-8) ** 0.5 }}",
    ],
)
def test_a_template_reaches_and_shows_nothing_but_values(text: str) -> None:
    assert "0x" not in fault(text).message


# -- bounds

DOUBLE = "{% set x = 'aaaaaaaaaaaaaaaa' %}"
BIG = "{% set x = 'a' * 30000 %}"

BOMBS = {
    "repeat text": "{{ 'a' * 10**9 }}",
    "repeat text from the left": "{{ 10**9 * 'a' }}",
    "repeat list": "{{ ([1] * 10**9) | length }}",
    "power": "{{ 10**10**10 }}",
    "product": "{% set x = 2**100 %}{{ x * x * x * x }}",
    "float": "{{ 10.0**400 }}",
    "infinity": "{{ 1e308 * 10 }}",
    "literal": "{{ " + "9" * 10_000 + " }}",
    "hexadecimal literal": "{{ 0x" + "f" * 10_000 + " }}",
    "float literal": "{{ 1e999 }}",
    "range": "{{ range(10**9) | length }}",
    "large range": "{{ range(10**30) | length }}",
    "loop": "{% for i in range(10**9) %}{% endfor %}",
    "nested loops": "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}",
    "loop that takes nothing": "{% for i in range(60000) if false %}{% endfor %}",
    "loop of constants": "{% for i in range(9000) %}" + "x" * 9000 + "{% endfor %}",
    "loop of constants in a block": "{% set y %}{% for i in range(9000) %}" + "x" * 9000 + "{% endfor %}{% endset %}",
    "macro recursion": "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "macro tree": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(15) }}",
    "macro of constants": "{% macro m() %}" + "x" * 9000 + "{% endmacro %}" + "{{ m() }}" * 700,
    "macro doubling": DOUBLE + "{% macro m(y) %}{{ y }}{{ y }}{% endmacro %}" + "{% set x = m(x) %}" * 40,
    "macro of loops": "{% macro m() %}{% for i in range(900) %}{% endfor %}{% endmacro %}"
    "{% for i in range(900) %}{{ m() }}{% endfor %}",
    "concatenation": DOUBLE + "{% set x = x ~ x %}" * 40,
    "block": DOUBLE + "{% set x %}{{ x }}{{ x }}{% endset %}" * 40,
    "filter block": DOUBLE + "{% set x %}{% filter upper %}{{ x }}{{ x }}{% endfilter %}{% endset %}" * 40,
    "sum of texts": DOUBLE + "{% set x = x + x %}" * 40,
    "sum of lists": "{% set x = [1] %}" + "{% set x = x + x %}" * 40,
    "list of lists": "{% set x = [1] %}" + "{% set x = [x, x] %}" * 40,
    "tuple of tuples": "{% set x = (1, 1) %}" + "{% set x = x, x %}" * 40,
    "mapping of mappings": "{% set x = {} %}" + "{% set x = {1: x, 2: x} %}" * 40,
    "format width": "{{ '%1000000000d' % 1 }}",
    "format precision": "{{ '%.1000000000f' % 1 }}",
    "format star": "{{ '%*d' % (10**9, 1) }}",
    "format key": "{{ '%(a)1000000000d' % {'a': 1} }}",
    "format nested key": "{{ '%(a(b)c)1000000000d' % {'a(b)c': 1} }}",
    "format filter": "{{ '%1000000000d' | format(1) }}",
    "format test": "{{ '%1000000000d' is odd }}{{ '%1000000000d' is divisibleby(3) }}",
    "format in a list": "{{ ['%1000000000d'] | select('even') | list }}",
    "format method": "{{ '{:>999999999}'.format(1) }}",
    "format_map": "{{ '{a:>999999999}'.format_map({'a': 1}) }}",
    "ljust": "{{ 'a'.ljust(10**9) }}",
    "center method": "{{ 'a'.center(10**9) }}",
    "zfill": "{{ 'a'.zfill(10**9) }}",
    "expandtabs": "{{ '\t'.expandtabs(10**9) }}",
    "translate": "{{ 'a'.translate({97: 'a' * 60000}) }}",
    "replace method": "{{ ('a' * 20000).replace('a', 'b' * 20000) }}",
    "replace filter": "{{ ('a' * 20000) | replace('', 'b' * 20000) }}",
    "join method": "{{ ('a' * 20000).join('b' * 20000) }}",
    "join filter": "{{ ('a' * 20000) | join('b' * 20000) }}",
    "center": "{{ 'a' | center(10**9) }}",
    "indent": "{{ 'a' | indent(10**9, true) }}",
    "wordwrap": "{{ 'a b' | wordwrap(1, wrapstring='x' * 60000) }}",
    "batch": "{{ [1] | batch(10**9, 'x') | list }}",
    "slice": "{{ [1] | slice(10**9) | list }}",
    "tojson indent": "{{ [[1]] | tojson(10**9) }}",
    "xmlattr": "{{ {} | xmlattr }}",
    "urlize": "{{ 'http://a' | urlize }}",
    "pprint": "{{ [1] | pprint }}",
    "groupby": "{{ [1] | groupby(0) }}",
    "sum": "{{ [[1]] | sum(start=[]) }}",
    "round to the left": "{{ 5 | round(-10**9) }}",
    "round to the right": "{{ 5 | round(10**9, 'ceil') }}",
    "round a text": "{{ 'a' | round(9, 'floor') }}",
    "map": "{{ range(20000) | map('replace', '', 'a' * 9000) | list | length }}",
    "select": "{{ range(20000) | select('in', range(20000)) | list | length }}",
    "comparisons": "{% set x = range(9000) %}{% for i in x %}{% if x == x %}{% endif %}{% endfor %}",
    "searches": BIG + "{% for i in range(5000) %}{% if x in x %}{% endif %}{% endfor %}",
    "counts": BIG + "{% for i in range(5000) %}{{ x.count('a') }}{% endfor %}",
    "slices": BIG + "{% for i in range(5000) %}{% set y = x[1:] %}{% endfor %}",
    "cycle": BIG + "{% for i in range(100) %}{{ loop.cycle(x, x, x) }}{% endfor %}",
    "list of a large text": BIG + "{{ [" + "x, " * 4000 + "] | length }}",
    "concatenation of a large text": BIG + "{{ " + "x ~ " * 3000 + "x }}",
    "output of a large text": BIG + "{{ x }}" * 2000,
    "brackets": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "lists in the source": "{{ " + "[" * 5000 + "]" * 5000 + " }}",
    "not": "{{ " + "not " * 4000 + "1 }}",
    "minus": "{{ " + "-" * 8000 + "1 }}",
    "chain of sums": "{{ 1" + " + 1" * 3000 + " }}",
    "chain of filters": "{{ 1" + " | int" * 2000 + " }}",
    "chain of attributes": "{{ city" + ".a" * 5000 + " }}",
    "chain of conditions": "{{ 1" + " if 1 else 1" * 1200 + " }}",
    "blocks": "{% if 1 %}" * 700 + "{% endif %}" * 700,
    "loops in loops": "{% for i in 'a' %}" * 30 + "{% endfor %}" * 30,
    "length": "x" * (template.LENGTH + 1),
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_a_fault(text: str) -> None:
    fault(text)


def test_compiling_runs_nothing() -> None:
    for text in (
        "{{ 'a'['b'] and 1 }}",
        "{{ 'a' * 10**9 }}",
        "{{ 10**10**10 }}",
        "{{ ('a' * 60000) | replace('', 'a' * 60000) }}",
    ):
        assert template.syntax_fault(text) is None


def test_a_loop_pays_for_what_it_repeats() -> None:
    loop = "{% for i in range(2000) %}BODY{% endfor %}"
    assert template.Template(loop.replace("BODY", "x" * 20)).render({}) == "x" * 40_000
    assert f"{meter.STEPS:,} steps" in fault(loop.replace("BODY", "x" * 200)).message


def test_the_result_is_no_longer_than_allowed() -> None:
    assert template.Template("{{ x }}").render({"x": "a" * meter.SIZE}) == "a" * meter.SIZE
    with pytest.raises(template.TemplateFault):
        template.Template("{{ x }}!").render({"x": "a" * meter.SIZE})


def test_one_render_does_not_pay_for_another() -> None:
    text = template.Template("{% for i in range(9000) %}{% endfor %}")
    assert {text.render({}) for _ in range(20)} == {""}


_ATOMS = st.sampled_from(
    ["city", "minutes", "nope", "campaign", "'a'", "'%s'", "3", "0.5", "none", "[1, 'b']", "{'a': 1}", "range(3)"]
)
_EXPRESSIONS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(sorted({*offer.FILTERS, "nope"}))).map(" | ".join),
        st.tuples(inner, st.sampled_from(sorted(offer.FILTERS)), inner).map(lambda it: f"({it[0]} | {it[1]}({it[2]}))"),
        st.tuples(inner, st.sampled_from(sorted(offer.TESTS)), inner).map(lambda it: f"({it[0]} is {it[1]}({it[2]}))"),
        st.tuples(
            inner, st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "~", "==", "<", "in", "and", "or"]), inner
        ).map(lambda it: f"({it[0]} {it[1]} {it[2]})"),
        st.tuples(inner, inner).map(lambda it: f"({it[0]})[{it[1]}]"),
        st.tuples(
            inner, st.sampled_from(sorted({m for methods in offer.METHODS.values() for m in methods})), inner
        ).map(lambda it: f"({it[0]}).{it[1]}({it[2]})"),
    ),
    max_leaves=6,
)


@hypothesis.given(_EXPRESSIONS)
@hypothesis.settings(max_examples=300)
def test_whatever_an_author_combines_gives_text_or_a_fault(expression: str) -> None:
    text = "{% for x in [1, 2] %}{{ " + expression + " }}{% endfor %}"
    try:
        shown = template.Template(text).render(ROW)
    except template.TemplateFault as found:
        shown = found.message
    assert " at 0x" not in shown
