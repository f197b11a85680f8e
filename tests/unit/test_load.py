"""What `load.document` makes of a YAML file, and what it says about one that is none."""

import math
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gewe_runner import errors, load
from gewe_runner.document import Document
from gewe_runner.model import Position
from gewe_runner.problems import Problems
from gewe_runner.rules import quotes

Load = Callable[[str | bytes], Document]
Refuse = Callable[[str | bytes], list[str]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.yaml"


@pytest.fixture
def read(file: Path) -> Load:
    def read(content: str | bytes) -> Document:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load.document(file, "a.yaml", Problems())

    return read


@pytest.fixture
def refuse(file: Path) -> Refuse:
    """The problems of a file, each as the user sees it."""

    def refuse(content: str | bytes) -> list[str]:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return problems_of(file)

    return refuse


def problems_of(path: Path) -> list[str]:
    problems = Problems()
    with pytest.raises(errors.InvalidError):
        load.document(path, "a.yaml", problems)
    return [f"{p.line}:{p.column}: {p.rule}: {p.message}" if p.line else f"{p.rule}: {p.message}" for p in problems]


# --- the tree


def test_mappings_lists_and_scalars_become_a_tree(read: Load) -> None:
    assert read("a: {b: [1, x]}\nc:\n  - d: y\n").root == {"a": {"b": ["1", "x"]}, "c": [{"d": "y"}]}


@pytest.mark.parametrize("text", ["on", "no", "12:30", "0123", "1.10", "1_000", "2026-12-01", "0o17", "~"])
def test_a_scalar_is_the_text_as_written(read: Load, text: str) -> None:
    assert read(f"a: {text}\n").root["a"] == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("no", "no"),
        ("yes", "yes"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("2026-12-01", "2026-12-01"),
        ("0123", 123),
        ("-7", -7),
        ("0o17", 15),
        ("0xfF", 255),
        ("1.10", 1.1),
        ("6.02e23", 6.02e23),
        (".5", 0.5),
        ("-.inf", -math.inf),
        ("true", True),
        ("FALSE", False),
        ("", None),
        ("~", None),
        ("Null", None),
        ("9" * 5000, "9" * 5000),
        ("1e999", "1e999"),
    ],
)
def test_plain_scalars_have_the_value_of_yaml_1_2(read: Load, text: str, value: object) -> None:
    scalar = read(f"a: {text}\n").root["a"]
    assert (scalar.value, type(scalar.value)) == (value, type(value))


def test_not_a_number_is_a_float(read: Load) -> None:
    assert math.isnan(read("a: .nan\n").root["a"].value)


@pytest.mark.parametrize("written", ['"29"', "'29'", "|-\n  29", ">-\n  29"])
def test_quoted_and_block_scalars_are_text(read: Load, written: str) -> None:
    assert read(f"a: {written}\n").root["a"].value == "29"


def test_every_key_and_value_has_its_position_in_characters(read: Load) -> None:
    document = read("标题: 水果\nrows:\n  - {城市: 上海, b: 1}\n")
    assert document.keys[("标题",)] == Position(1, 1)
    assert document.values[("标题",)] == Position(1, 5)
    assert document.values[("rows", 0)] == Position(3, 5)
    assert document.values["rows", 0, "城市"] == Position(3, 10)
    assert document.keys["rows", 0, "b"] == Position(3, 14)


def test_a_byte_order_mark_moves_no_position(read: Load) -> None:
    assert read(b"\xef\xbb\xbfa: b\n").keys[("a",)] == Position(1, 1)


def test_windows_line_ends_count_once(read: Load) -> None:
    assert read("a: 1\r\nb: 2\r\n").keys[("b",)] == Position(2, 1)


def test_an_alias_repeats_its_value(read: Load) -> None:
    assert read("a: &x {b: 1}\nc: *x\n").root["c"] == {"b": "1"}


@given(st.recursive(st.text("ab: {}[]'\"\\#&*!|>%@`-?,~水", max_size=8), lambda inner: st.lists(inner, max_size=4)))
def test_what_yaml_writes_is_read_back(tmp_path_factory: pytest.TempPathFactory, tree: object) -> None:
    file = tmp_path_factory.getbasetemp() / "law.yaml"
    file.write_text(yaml.safe_dump({"tree": tree}, allow_unicode=True), encoding="utf-8")
    assert load.document(file, "law.yaml", Problems()).root == {"tree": tree}


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_no_text_ends_in_anything_but_a_document_or_problems(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_text(text, encoding="utf-8", newline="")
    problems = Problems()
    try:
        load.document(file, "any.yaml", problems)
    except errors.InvalidError:
        assert problems.errors
    else:
        assert not problems.errors


# --- values without the quotes they need


@pytest.mark.parametrize(
    ("line", "paste"),
    [
        ("title: {{ name }}", 'title: "{{ name }}"'),
        ("title: {{ name }} 水果 # hot", 'title: "{{ name }} 水果" # hot'),
        ('title: {{ a["x"] }}', """title: '{{ a["x"] }}'"""),
        ("title: {{ '%d' % n }}", """title: "{{ '%d' % n }}\""""),
        ("title: {% if a %}b{% endif %}", 'title: "{% if a %}b{% endif %}"'),
        ("title: @x", 'title: "@x"'),
        ("title: %x", 'title: "%x"'),
        ("title: `x`", 'title: "`x`"'),
        ("title: *hot*", 'title: "*hot*"'),
        ("title: a: b: c", 'title: "a: b: c"'),
        ('title: it\'s: "x"', "title: 'it''s: \"x\"'"),
        ("title: [hot] news", 'title: "[hot] news"'),
        ('title: "a" b', "title: '\"a\" b'"),
        ("- {{ name }}", '- "{{ name }}"'),
        ("- {a: {{ b }}, c: d}", '- {a: "{{ b }}", c: d}'),
        ("{a: @b, c: {{ d }}}", '{a: "@b", c: {{ d }}}'),
    ],
)
def test_a_value_that_must_be_quoted_is_met_with_the_line_to_paste(refuse: Refuse, line: str, paste: str) -> None:
    first = refuse(line + "\n")[0]
    assert "yaml-unquoted" in first
    assert first.endswith(f"must be quoted; write:  {paste}")


def test_the_place_of_a_missing_quote_is_where_the_value_begins(refuse: Refuse) -> None:
    expected = '2:10: yaml-unquoted: a value that begins with "{{" must be quoted; write:  title: "{{ name }}"'
    assert refuse("card:\n  title: {{ name }}\n") == [expected]


def test_all_values_without_quotes_are_told_at_once(refuse: Refuse) -> None:
    found = refuse("a: {{ x }}\nb: @y\nc: d: e\na: 1\n")
    assert [line.split(": ")[:2] for line in found] == [
        ["1:4", "yaml-unquoted"],
        ["2:4", "yaml-unquoted"],
        ["3:4", "yaml-unquoted"],
        ["4:1", "yaml-duplicate"],
    ]


def test_two_values_of_one_line_are_both_told(refuse: Refuse) -> None:
    found = refuse("a: {b: {{ x }}, c: @y}\n")
    assert [line.split(": ")[:2] for line in found] == [["1:8", "yaml-unquoted"], ["1:20", "yaml-unquoted"]]


def test_quotes_are_not_proposed_where_they_would_not_help(refuse: Refuse) -> None:
    (found,) = refuse("a: 1\n b: 2\n")
    assert found.startswith("2:3: yaml-syntax: ")


@given(st.text("ab {}\"'\\%:#", max_size=20).map(lambda text: "@" + text.strip()))
def test_the_quoted_line_reads_as_exactly_the_text(text: str) -> None:
    assert yaml.safe_load(f"a: {quotes.quoted(text)}") == {"a": text}


# --- what is refused


@pytest.mark.parametrize(
    ("content", "place", "rule", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", "3:1", "yaml-duplicate", "line 1"),
        ('1: a\n"1": b\n', "2:1", "yaml-duplicate", "line 1"),
        ("a:\n\tb: 1\n", "2:1", "yaml-tab", "spaces"),
        ("a:\n  b: 1\n\tc: 2\n", "3:1", "yaml-tab", "spaces"),
        ("a: !x b\n", "1:4", "yaml-tag", '"!x"'),
        ("a: !!python/object/apply:os.system [x]\n", "1:4", "yaml-tag", '"!!python/object/apply:os.system"'),
        ("a: &d {b: 1}\nc:\n  <<: *d\n", "3:3", "yaml-merge", "write the keys out"),
        ("[a, b]: 1\n", "1:1", "yaml-key", "list or mapping"),
        ("a: &x b\n*x : c\n", "2:1", "yaml-key", '"*x"'),
        ('"": c\n', "1:1", "yaml-key", "missing"),
        ("a: 1\n---\nb: 2\n", "2:1", "yaml-documents", "file of its own"),
        ("a: *b\n", "1:4", "yaml-alias", "nothing before it"),
        ("*b\n", "1:1", "yaml-alias", "nothing before it"),
        ("a: &b [*b]\n", "1:8", "yaml-alias", "inside the value"),
        ("a: \0\n", "1:4", "yaml-control", "U+0000"),
        ("a: x\u2028y\n", "1:5", "yaml-control", "U+2028"),
        ("[" * 100_000, "1:65", "yaml-depth", "flatter"),
        ('a: "b\nc: d\n', "1:4", "yaml-syntax", "never ends"),
        ("a: {b: 1\n", "1:4", "yaml-syntax", "lacks"),
        ("a:\n  - b\n c: d\n", "3:2", "yaml-syntax", "line up"),
        ('a: "\\d"\n', "1:5", "yaml-syntax", "backslash"),
        ("a: 1\nb\nc: d\n", "2:1", "yaml-syntax", "`key: value`"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(refuse: Refuse, content: str, place: str, rule: str, words: str) -> None:
    (found,) = refuse(content)
    assert found.startswith(f"{place}: {rule}: ")
    assert words in found


@pytest.mark.parametrize("content", ["", "\n# only a comment\n", "---\n", "\ufeff", "~\n"])
def test_an_empty_file_is_told(refuse: Refuse, content: str) -> None:
    (found,) = refuse(content)
    assert found.startswith("yaml-empty: ")


def test_several_faults_are_told_in_file_order(refuse: Refuse) -> None:
    found = refuse("a: 1\na: 2\nb: !x 1\n? [c]\n: 1\nd: {e: 1, e: 2}\n")
    assert [line.split(":")[0] for line in found] == ["2", "3", "4", "6"]


def test_a_refused_key_does_not_confuse_what_follows(refuse: Refuse) -> None:
    assert len(refuse("? {a: {b: c}}\n: {d: [e]}\nf: g\nf: h\n")) == 2


def test_an_alias_bomb_is_refused_without_being_unfolded(refuse: Refuse) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30))
    (found,) = refuse(bomb)
    assert "yaml-size" in found


def test_aliases_cannot_nest_deeper_than_the_text_may(refuse: Refuse) -> None:
    deep = "[" * 40
    (found,) = refuse(f"a: &a {deep}{']' * 40}\nb: {deep}*a{']' * 40}\n")
    assert "yaml-depth" in found


def test_values_count_each_time_an_alias_repeats_them(read: Load, refuse: Refuse) -> None:
    thousand = f"a: &a [{'x,' * 999}]\nb: ["
    assert len(read(thousand + "*a," * 198 + "]\n").root["b"]) == 198
    (found,) = refuse(thousand + "*a," * 199 + "]\n")
    assert "yaml-size" in found


def test_bytes_that_are_not_utf8_are_named_with_offset_and_place(refuse: Refuse) -> None:
    expected = "2:4: yaml-encoding: byte 0xff at offset 11 is not UTF-8; save the file as UTF-8"
    assert refuse(b"\xef\xbb\xbfa: b\nc: \xff\n") == [expected]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("a: b".encode("utf-16"), "yaml-encoding: the file is UTF-16"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "yaml-binary: "),
        (b"a: " + b"x" * 4 * 1024 * 1024, "yaml-size: "),
    ],
)
def test_a_file_that_is_no_yaml_text_at_all_is_told(refuse: Refuse, content: bytes, rule: str) -> None:
    (found,) = refuse(content)
    assert found.startswith(rule)


# --- files


def test_a_missing_file_is_met_with_its_likely_neighbour(tmp_path: Path) -> None:
    (tmp_path / "fruit.yaml").touch()
    assert problems_of(tmp_path / "fruit.yml") == ['yaml-file: there is no such file; did you mean "fruit.yaml"?']


def test_a_folder_is_told(tmp_path: Path) -> None:
    (found,) = problems_of(tmp_path)
    assert found.startswith("yaml-file: this is a folder")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.yaml")
    (found,) = problems_of(tmp_path / "a.yaml")
    assert found.startswith("yaml-file: this is not an ordinary file")


def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to("a.yaml")
    (found,) = problems_of(tmp_path / "a.yaml")
    assert found.startswith("yaml-file: cannot be read (")


# --- the parser written in Python, where the fast one is not installed


@pytest.mark.parametrize(
    ("jargon", "words"),
    [
        ("mapping values are not allowed here", "indent"),
        ("found character '@' that cannot start any token", "quote the value"),
        ("expected <block end>, but found '<scalar>' while parsing a block mapping", "line up"),
        ("expected ',' or ']', but got '<stream end>'", "lacks"),
        ("something that no version says yet", "check"),
    ],
)
def test_the_jargon_of_both_parsers_is_translated(jargon: str, words: str) -> None:
    assert words in quotes.plain_words(jargon)
