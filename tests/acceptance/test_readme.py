"""The READMEs are true: their blocks are run, their tables are held against the program."""

import functools
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest

from gewe_runner import cli, errors, schemas
from gewe_runner.cli import ending
from gewe_runner.model import CARD_FIELDS, Reason, Refusals, State
from gewe_runner.report import contents, failed, shown
from gewe_runner.sandbox import behaviours
from gewe_runner.send import policy
from gewe_runner.send.answers import Envelope
from tests import door, readme
from tests.readme import CHINESE, ENGLISH, ROOT, Block, Document

both = pytest.mark.parametrize("document", readme.ALL, ids=str)

#: Blocks that set up the machine; everything else in sh and console blocks is run.
NOT_RUN = {"make demo\nmake test\n"}

#: Left out of a shown output: within a line, or (alone on its line) any number of lines.
LEFT_OUT = "[...]"

#: What differs from run to run.
CHANGING = (
    (re.compile(r"^[\d,]+ of [\d,]+: sent .*\n", re.MULTILINE), ""),
    (re.compile(r"\b\d{8}-\d{4}-([a-z0-9-]+)-[0-9a-f]{4,}\b"), r"<run of \1>"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<digest>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|\+00:00| UTC)"), "<time>"),
    (re.compile(r"about \d+ (s|min)"), "<duration>"),
    (re.compile("^\ufeff", re.MULTILINE), ""),
    (re.compile(r"\r\n"), "\n"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One command of a README and what it is said to print."""

    command: str
    shown: str
    line: int


def steps(document: Document) -> list[Step]:
    return [step for block in document.blocks("sh", "console") if block.text not in NOT_RUN for step in _steps(block)]


def _steps(block: Block) -> Iterator[Step]:
    """A `sh` block is one command that prints nothing; in a `console` block each command begins with `$ `."""
    if block.language == "sh":
        yield Step(command=block.text, shown="", line=block.line)
        return
    for found in re.finditer(r"^\$ (.*\n)((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE):
        command, rest = found[1], found[2]
        if heredoc := re.search(r"<<'(\w+)'", command):
            inside, end, rest = rest.partition(f"\n{heredoc[1]}\n")
            command += inside + end
        yield Step(command=command, shown=rest, line=block.line + block.text.count("\n", 0, found.start()))


STEPS = {document: steps(document) for document in readme.ALL}


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Document], list[str]]:
    """What each step of a README printed: all of them run by one shell in one folder, in order."""

    @functools.cache
    def run(document: Document) -> list[str]:
        folder = tmp_path_factory.mktemp("readme")
        for name in ("bin", "work"):
            (folder / name).mkdir()
        # the mark stands on a line of its own and leaves the exit code to the next command
        mark = "code=$?; printf '\\036'; (exit $code)\n"
        path = f"{folder / 'bin'}:{os.environ['PATH']}"
        with door.command(folder / "bin" / "gewe-runner"):
            done = subprocess.run(
                ["bash", "-c", "".join(f"{step.command.rstrip()}\n{mark}" for step in STEPS[document])],
                cwd=folder / "work",
                env={"PATH": path, "HOME": str(folder), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                timeout=120,
            )
        return done.stdout.split("\036")

    return run


@pytest.mark.parametrize(
    ("document", "number"),
    [
        pytest.param(document, number, id=f"{document}:{step.line}")
        for document in readme.ALL
        for number, step in enumerate(STEPS[document])
    ],
)
def test_a_command_prints_what_the_readme_shows(
    document: Document, number: int, printed: Callable[[Document], list[str]]
) -> None:
    shown, found = _settled(STEPS[document][number].shown), _settled(printed(document)[number])
    if not _pattern(shown).fullmatch(f"{found}\n"):
        assert found == shown  # never so: it shows where they differ


def _settled(text: str) -> str:
    for pattern, instead in CHANGING:
        text = pattern.sub(instead, text)
    return text.strip("\n")


def _pattern(shown: str) -> re.Pattern[str]:
    lines = [
        r"(?:.*\n)*?" if line == LEFT_OUT else ".*".join(map(re.escape, line.split(LEFT_OUT))) + r"\n"
        for line in shown.split("\n")
    ]
    return re.compile("".join(lines))


def test_the_generated_parts_are_up_to_date() -> None:
    text = ENGLISH.read()
    assert text == readme.rewritten(text), "run: python -m tests.readme"


@both
def test_the_annotated_files_have_no_error(document: Document, tmp_path: Path) -> None:
    campaign, settings = (block.text for block in document.blocks("yaml"))
    (tmp_path / "campaigns" / "lists").mkdir(parents=True)
    (tmp_path / "gewe.yaml").write_text(settings, encoding="utf-8")
    (tmp_path / "campaigns" / "fruit-delivery.yaml").write_text(campaign, encoding="utf-8")
    lists = tmp_path / "campaigns" / "lists"
    (lists / "shanghai.csv").write_text("wxid,name,store,opted_in\nwxid_a,陈默,S001,yes\n", encoding="utf-8")
    (lists / "opted-out.csv").write_text("wxid\nwxid_b\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "gewe_runner", "validate", "--profile", "production", str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def commands() -> dict[str, str]:
    """What the README says of each command, by the command's name."""
    sections = re.split(r"^### `gewe-runner (\w+)[^\n]*\n", ENGLISH.part("commands"), flags=re.MULTILINE)
    return dict(zip(sections[1::2], sections[2::2], strict=True))


def test_every_command_has_its_section() -> None:
    assert list(commands()) == list(cli.COMMANDS)


def options(name: str) -> set[str]:
    """The options that a command takes."""
    command: click.Command = importlib.import_module(f"gewe_runner.cli.{name}").command
    return {
        option
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.hidden
        for option in (*parameter.opts, *parameter.secondary_opts)
    }


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_options_of_a_command_are_those_that_it_takes(name: str) -> None:
    taken = options(name)
    told = set(re.findall(r"(?<![\w-])(--?[a-z][\w-]*)", commands()[name]))
    # the prose may speak of options that belong to other commands' rows; the rows and --profile may not
    rows = {option for row in readme.table(commands()[name]) for option in re.findall(r"--?[a-z][\w-]*", row[0])}
    assert taken <= told
    assert rows <= taken


def test_the_commands_in_chinese_are_those_of_the_program() -> None:
    told = {row[0].strip("`").split()[0]: row[1] for row in readme.table(CHINESE.part("commands"))}
    assert list(told) == list(cli.COMMANDS)
    for name, text in told.items():
        assert set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", text)) <= options(name)


@both
def test_the_exit_codes_are_those_of_the_program(document: Document) -> None:
    def classes(top: type[errors.GeweRunnerError]) -> Iterator[type[errors.GeweRunnerError]]:
        yield top
        for below in top.__subclasses__():
            yield from classes(below)

    codes = {one.exit_code for one in classes(errors.GeweRunnerError)} | {0, 1, ending.BUG}
    assert [int(row[0]) for row in readme.table(document.part("exit-codes"))] == sorted(codes)


@both
def test_the_diagram_of_states_has_exactly_those_of_a_message(document: Document) -> None:
    diagram, _, rest = document.part("states").removeprefix("```text\n").partition("```")
    assert sorted(re.findall(r"[a-z_]+", diagram)) == sorted(State)
    assert [row[0].strip("`") for row in readme.table(rest)] == list(State)


def outcomes(document: Document) -> dict[str, str]:
    """What becomes of a message by each text of a refusal."""
    return {text: row[1].strip("`") for row in readme.table(document.part("outcomes")) for text in readme.coded(row[0])}


@pytest.mark.parametrize("text", [text for texts in policy.TEXTS.values() for text in texts])
@both
def test_a_text_of_a_refusal_leads_where_the_table_says(document: Document, text: str) -> None:
    envelope: dict[str, Any] = dict.fromkeys(("msg", "code", "inner", "msg_id", "new_msg_id", "create_time"), "")
    verdict = policy.classify(Envelope(http_status=200, ret=500, **{**envelope, "inner": text}), Refusals())
    assert outcomes(document)[text] == verdict.state


@both
def test_the_reasons_of_skips_stand_in_their_order(document: Document) -> None:
    told = [row[0].strip("`") for row in readme.table(document.part("skips"))]
    assert told == list(Reason)


@both
def test_the_files_of_a_report_are_those_that_are_written(document: Document) -> None:
    told = {row[0].strip("`"): readme.coded(row[1]) for row in readme.table(document.part("reports"))}
    # failed.csv is of no format, it is always written
    assert told == {form.FILE: [name] for name, form in shown.FORMATS.items()} | {failed.FILE: []}


@both
def test_the_columns_of_messages_csv_are_all_told(document: Document) -> None:
    assert readme.coded(document.part("message-fields")) == list(contents.MESSAGE_FIELDS)


@both
def test_the_sandboxs_special_ids_are_all_told(document: Document) -> None:
    told = [row[0].strip("`") for row in readme.table(document.part("sandbox"))]
    assert told == [f"sandbox_{name}_" for name in behaviours.BEHAVIOURS]


def keys(node: Any) -> Iterator[str]:
    """Every key that a schema's files can have."""
    if isinstance(node, dict):
        yield from node.get("properties", {})
        for inner in node.values():
            yield from keys(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from keys(inner)


@both
@pytest.mark.parametrize("name", ["campaign", "settings"])
def test_every_key_of_a_file_is_told(name: str, document: Document) -> None:
    text = document.read()
    known = set(keys(schemas.load(name))) | set(CARD_FIELDS)
    assert not {key for key in known if not re.search(rf"\b{key}\b", text)}


@pytest.mark.parametrize(
    ("document", "target"),
    [pytest.param(one, target, id=f"{one}-{target}") for one in readme.ALL for target in one.links()],
)
def test_a_link_inside_the_repository_leads_somewhere(document: Document, target: str) -> None:
    file, _, fragment = target.partition("#")
    path = document.path.parent / file if file else document.path
    assert path.exists()
    assert not fragment or fragment in set(Document(path).anchors())


#: The words that have one meaning each, as the contract lists them.
GLOSSARY = (
    *("campaign", "edition", "card", "recipient", "list", "variant", "holdout", "suppression", "device", "profile"),
    *("gateway", "payload", "message", "plan", "run", "lane", "pace", "quiet hours", "wave", "gate", "attempt"),
    *("outcome", "ledger", "report", "sandbox"),
)


def test_each_word_of_the_glossary_has_its_own_in_chinese_and_names_it_once_beside_it() -> None:
    rows = [[cell.strip("`") for cell in row] for row in readme.table(CHINESE.part("glossary"))]
    assert [row[0] for row in rows] == list(GLOSSARY)
    assert len({row[1] for row in rows}) == len(rows)
    text = CHINESE.read()
    assert [english for english, chinese, _ in rows if text.count(f"{chinese}（{english}）") != 1] == []
