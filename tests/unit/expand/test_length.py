"""The length of lists at a glance."""

from pathlib import Path

from gewe_runner import expand
from gewe_runner.model import Query, Source


def listed(path: Path, content: str = "") -> Source:
    if content:
        path.write_text(content, encoding="utf-8")
    return Source(label=path.name, name=path.name, where=(), path=path)


def test_lines_of_text_lists_and_inline_rows_are_counted(tmp_path: Path) -> None:
    rows = Source(label="r", name="r", where=(), rows=({"toWxid": "a"}, {"toWxid": "b"}))
    assert expand.about([rows, listed(tmp_path / "a.csv", "wxid\nb\nc\n"), listed(tmp_path / "b.JSONL", "{}\n")]) == 6


def test_what_is_not_lines_has_no_known_length(tmp_path: Path) -> None:
    assert expand.about([listed(tmp_path / "a.csv.gz", "x")]) is None
    assert expand.about([Source(label="s", name="s", where=(), sql=Query(url_env="CRM_URL", text="select 1"))]) is None


def test_a_list_that_is_not_there_is_no_news_here(tmp_path: Path) -> None:
    assert expand.about([listed(tmp_path / "gone.csv")]) == 0
