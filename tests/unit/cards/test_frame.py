"""The words of the pages: the same in both languages, none missing, none idle."""

import json
import re
from pathlib import Path

import pytest

from gewe_runner.cards import frame
from gewe_runner.model import Reason, State
from tests.conftest import ROOT

PAGES = [
    path.with_name(path.name.replace("words.json", "html"))
    for path in sorted(ROOT.glob("gewe_runner/*/*.words.json"))
    if path.name != "shared.words.json"
]


def fragments(words: frame.Words) -> dict[str, list[set[str]]]:
    """What each key has to be filled in with, in each of its forms."""
    forms = {key: [said] if isinstance(said, str) else list(said.values()) for key, said in words.items()}
    return {key: [set(re.findall(r"\{(\w+)\}", form)) for form in its] for key, its in forms.items()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_both_languages_say_the_same_with_the_same_values(page: Path) -> None:
    english, chinese = (fragments(frame.words(page, language)) for language in frame.LANGUAGES)
    assert list(english) == list(chinese)
    for key, forms in english.items():
        assert all(filled == chinese[key][0] for filled in forms), key


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_word_is_missing_or_idle(page: Path) -> None:
    before, after = frame.halves(page)
    script = before + re.sub(r'<script type="application/json".*?</script>', "", after, flags=re.DOTALL)
    known = frame.words(page, "en")
    asked = set(re.findall(r'(?:data-say=|data-label=|say\(|tell\()"([^"]+)"', script))
    # a page may put a key together: `reason.${reason}`
    composed = tuple(re.findall(r"`([a-z]+\.)\$\{", script))
    assert asked <= set(known)
    own = [key for key in known if key not in frame.shared("en") and not key.startswith(composed)]
    assert [key for key in own if f'"{key}"' not in script] == []


@pytest.mark.parametrize("language", frame.LANGUAGES)
def test_every_state_is_told(language: str) -> None:
    states = [*State, "would_send", "skipped"]
    assert [state for state in states if f"state.{state}" not in frame.shared(language)] == []


@pytest.mark.parametrize("language", frame.LANGUAGES)
def test_every_reason_is_told(language: str) -> None:
    assert [reason for reason in Reason if f"reason.{reason}" not in frame.shared(language)] == []


def test_no_text_ends_the_element_of_a_pages_data() -> None:
    element = frame.data("facts", {"name": "</script><!-- \ud800"})
    assert element.count("<") == 2
    text = element.partition(">")[2].rpartition("<")[0]
    assert json.loads(text) == {"name": "</script><!-- \ud800"}
