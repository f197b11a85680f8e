"""What templates include and import: part of the template itself, with all of its bounds."""

import pytest

from gewe_runner import template
from gewe_runner.template import parts

ROW = {"name": "bob", "city": "sh"}

FILES = {
    "m.j2": "{% macro greet(who) %}hi {{ loud(who) }}{% endmacro %}\n"
    "{% macro loud(x) %}{{ x | upper }}{% endmacro %}\n",
    "other/m.j2": "{# another #}{% macro greet(who) %}bye {{ who }} of {{ city }}{% endmacro %}",
    "twice.j2": "{% from 'm.j2' import greet %}{% macro twice(who) %}{{ greet(who) }}, {{ greet(who) }}{% endmacro %}",
    "hello.txt": "{% set greeting = 'hello' %}{{ greeting }} {{ name }}",
    "nested.txt": "[{% include 'hello.txt' %}]",
    "undefined.txt": "first\n{{ nme }}",
    "broken.txt": "first\n{{ name",
    "loop.txt": "{% include 'pool.txt' %}",
    "pool.txt": "{% include 'loop.txt' %}",
    "circle.j2": "{% import 'circle.j2' as c %}{% macro m() %}{{ c.m() }}{% endmacro %}",
    "endless.j2": "{% macro m() %}{{ m() }}{% endmacro %}",
    "faulty.j2": "{# a fault of Python's own #}\n{% macro m(n) %}{{ 1 / n }}{% endmacro %}",
    "forbidden.txt": "{% extends 'hello.txt' %}",
}


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("{% include 'hello.txt' %}!", "hello bob!"),
        ("{% include 'nested.txt' %}", "[hello bob]"),
        ("{% for n in [1, 2] %}{% include 'hello.txt' %};{% endfor %}", "hello bob;hello bob;"),
        ("{% import 'm.j2' as m %}{{ m.greet(name) }}", "hi BOB"),
        ("{% from 'm.j2' import greet %}{{ greet(name) }}", "hi BOB"),
        ("{% from 'm.j2' import greet as hail %}{{ hail(name) }}", "hi BOB"),
        ("{% import 'm.j2' as a %}{% import 'other/m.j2' as b %}{{ a.greet(name) }} {{ b.greet(name) }}",
         "hi BOB bye bob of sh"),
        ("{% import 'twice.j2' as t %}{{ t.twice(name) }}", "hi BOB, hi BOB"),
        ("{% import 'm.j2' as m %}{% macro own(x) %}<{{ m.loud(x) }}>{% endmacro %}{{ own(name) }}", "<BOB>"),
        ("{% if city %}{% from 'm.j2' import loud %}{{ loud(city) }}{% endif %}", "SH"),
    ],
)  # fmt: skip
def test_a_file_gives_what_it_would_give_in_its_place(text: str, given: str) -> None:
    assert template.Template(text, FILES).render(ROW) == given


@pytest.mark.parametrize(
    ("text", "file", "line", "message"),
    [
        ("{% include 'undefined.txt' %}", "undefined.txt", 2, "'nme' is undefined; did you mean 'name'?"),
        ("\n{{ nme }}{% include 'hello.txt' %}", "", 2, "'nme' is undefined"),
        ("{% include 'broken.txt' %}", "broken.txt", 2, "'{{' is never closed"),
        ("{% include 'loop.txt' %}", "pool.txt", 1, "'loop.txt' includes itself"),
        ("{% import 'circle.j2' as c %}", "circle.j2", 1, "'circle.j2' includes itself"),
        ("{% import 'endless.j2' as e %}{{ e.m() }}", "", 1, "levels deep"),
        ("{% import 'faulty.j2' as f %}{{ f.m(0) }}", "faulty.j2", 2, "division by zero"),
        ("{% import 'faulty.j2' as f %}{{ f.m(n=1, o=2) }}", "", 1, "takes no keyword argument 'o'"),
        ("{% include 'forbidden.txt' %}", "forbidden.txt", 1, "{% extends %} is not available"),
        ("{% include 'none.txt' %}", "", 1, "the file 'none.txt' cannot be read"),
        ("{% include name %}", "", 1, "named by a text in quotes"),
        ("{% include ['a.txt', 'b.txt'] %}", "", 1, "named by a text in quotes"),
        ("{% include 'hello.txt' ignore missing %}", "", 1, "the name of a file and nothing more"),
        ("{% include 'hello.txt' without context %}", "", 1, "the name of a file and nothing more"),
        ("{% import 'hello.txt' as h %}", "hello.txt", 1, "holds macros only"),
        ("{% import 'm.j2' as m %}{{ m.gret('x') }}", "", 1, "there is no macro 'gret'; did you mean 'greet'?"),
        ("{% from 'm.j2' import gret %}", "", 1, "there is no macro 'gret'"),
        ("{% import 'm.j2' as m %}{{ m }}", "", 1, "m is a file of macros; call one: greet, loud"),
        ("{% import 'm.j2' as m %}{% set m = 1 %}", "", 1, "the name 'm' is an imported one"),
        ("{% from 'm.j2' import loud %}{% macro loud() %}{% endmacro %}", "", 1, "the name 'loud' is an imported one"),
    ],
)
def test_a_fault_says_in_which_file_it_is(text: str, file: str, line: int, message: str) -> None:
    with pytest.raises(template.TemplateFault) as caught:
        template.Template(text, FILES).render(ROW)
    fault = caught.value
    assert message in fault.message
    assert message == "levels deep" or (fault.file, fault.line) == (file, line)


def test_what_a_file_sets_is_gone_behind_it() -> None:
    with pytest.raises(template.TemplateFault, match="'greeting' is undefined"):
        template.Template("{% include 'hello.txt' %}{{ greeting }}", FILES).render(ROW)


def test_the_names_of_a_template_are_those_of_its_files_too() -> None:
    assert template.Template("{% include 'hello.txt' %}{% import 'other/m.j2' as o %}", FILES).names == {"name", "city"}


def test_a_template_names_the_files_that_it_includes_and_imports() -> None:
    assert template.files("{% include 'a.txt' %}{% from 'b.j2' import c %}{% import 'd.j2' as d %}") == (
        "a.txt",
        "b.j2",
        "d.j2",
    )
    assert template.files("{{ 'import' }} {% include") == ()


def test_no_chain_of_files_grows_without_bound() -> None:
    doubling = {f"{n}.txt": f"{{% include '{n + 1}.txt' %}}" * 2 for n in range(6)} | {"6.txt": "x"}
    with pytest.raises(template.TemplateFault, match=f"at most {parts.MOST} files"):
        template.Template("{% include '0.txt' %}", doubling)


def test_what_is_included_pays_for_its_work() -> None:
    files = {"work.txt": "{% for a in range(1000) %}{% for b in range(1000) %}{{ a }}{% endfor %}{% endfor %}"}
    with pytest.raises(template.TemplateFault, match="steps"):
        template.Template("{% include 'work.txt' %}", files).render({})
