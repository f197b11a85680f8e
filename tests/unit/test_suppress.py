"""Somebody is put onto suppressed.csv, and everything that stood there stays as it was."""

import threading
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from gewe_runner import errors, expand, gather, suppress
from gewe_runner.problems import Problems
from gewe_runner.suppress import Entry

DAY = "2026-12-01"


def add(project: Path, to_wxid: str, reason: str = "asked") -> suppress.Listed:
    return suppress.listed(project, Entry.create(to_wxid, reason, DAY))


def file(project: Path) -> Path:
    return project / "suppressed.csv"


def ids(project: Path) -> list[str]:
    source = gather.own_suppression(project)
    assert source is not None
    problems = Problems()
    found = list(expand.ids([source], project, problems))
    assert not problems.errors
    return found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("toWxid,reason\nb,asked\n", "toWxid,reason\nb,asked\nm,asked\n"),
        ("toWxid,reason,added\nz,x,y\nb,x,y\n", "toWxid,reason,added\nb,x,y\nm,asked,2026-12-01\nz,x,y\n"),
        ("shop,toWxid\n1,b\n2,z\n", "shop,toWxid\n1,b\n,m\n2,z\n"),
        ("wxid\nb\nz\n", "wxid\nb\nm\nz\n"),
        ("z\nb", "b\nm\nz\n"),
        ("# who wants nothing\nz\nb\n", "# who wants nothing\nb\nm\nz\n"),
        ("wxid\r\nz\r\n", "wxid\r\nm\r\nz\r\n"),
        ("\ufefftoWxid\nz\n", "\ufefftoWxid\nm\nz\n"),
        ("\ufeffz\n", "\ufeffm\nz\n"),
        ('toWxid,reason\nz,"two\nlines, ""so"""\n', 'toWxid,reason\nm,asked\nz,"two\nlines, ""so"""\n'),
        ("", "toWxid,reason,added\nm,asked,2026-12-01\n"),
        ("\n\n", "toWxid,reason,added\nm,asked,2026-12-01\n"),
        ("toWxid,reason,added\n", "toWxid,reason,added\nm,asked,2026-12-01\n"),
        (" z ,1\n".replace(" z ,1", "toWxid,n\n z ,1\na,2"), "toWxid,n\na,2\nm,\n z ,1\n"),
    ],
)
def test_a_row_is_added_in_its_place_and_the_others_stay(project: Path, before: str, after: str) -> None:
    file(project).write_text(before, encoding="utf-8", newline="")
    assert add(project, "m").new
    assert file(project).read_bytes().decode() == after


def test_a_list_that_is_not_there_is_made(project: Path) -> None:
    assert add(project, "wxid_a", "asked by phone, twice") == suppress.Listed(path=file(project), new=True)
    assert (
        file(project).read_text(encoding="utf-8") == 'toWxid,reason,added\nwxid_a,"asked by phone, twice",2026-12-01\n'
    )


def test_who_is_on_the_list_stays_as_they_are(project: Path) -> None:
    file(project).write_text("toWxid,reason\n\u200bwxid_a ,long ago\n", encoding="utf-8")
    before = file(project).stat()
    assert not add(project, " wxid_a\u200b").new
    assert file(project).stat() == before


def test_a_list_in_gb18030_stays_one(project: Path) -> None:
    file(project).write_text("toWxid,reason\nz,打过电话\n", encoding="gb18030")
    add(project, "a", "不想收到")
    assert file(project).read_text(encoding="gb18030") == "toWxid,reason\na,不想收到\nz,打过电话\n"


def test_the_mode_and_a_link_to_the_list_stay(project: Path) -> None:
    kept = project / "lists" / "opted-out.csv"
    kept.write_text("toWxid\nz\n", encoding="utf-8")
    kept.chmod(0o640)
    file(project).symlink_to("lists/opted-out.csv")
    add(project, "a")
    assert file(project).is_symlink()
    assert kept.read_text(encoding="utf-8") == "toWxid\na\nz\n"
    assert kept.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ("a,b\nx,y\n", 'has no column "toWxid", it has: a, b; call the one with the ids toWxid in its first row'),
        ("toWxid,reason\nz,a,b\n", "suppressed.csv:2: the row has 3 fields"),
        ('toWxid,reason\nz,"open\n', "never closed"),
    ],
)
def test_a_faulty_list_is_left_alone(project: Path, before: str, told: str) -> None:
    file(project).write_text(before, encoding="utf-8")
    with pytest.raises(errors.InvalidError, match=told) as caught:
        add(project, "m")
    assert "nothing was written" in caught.value.message
    assert file(project).read_text(encoding="utf-8") == before


def test_a_link_to_nowhere_is_no_new_list(project: Path) -> None:
    file(project).symlink_to("nowhere.csv")
    with pytest.raises(errors.InvalidError, match="no such file"):
        add(project, "m")


@pytest.mark.parametrize("nobody", ["", "  ", "a b", "a\u200bb", "a\nb", "weixin", "fans@chatroom"])
def test_what_is_nobodys_id_is_refused(nobody: str) -> None:
    with pytest.raises(errors.UsageError, match="WXID"):
        Entry.create(nobody, "asked", DAY)


def test_a_reason_is_one_line_that_no_spreadsheet_runs() -> None:
    assert Entry.create("a", " =cmd\n|x\t", DAY).reason == "'=cmd |x"


@hypothesis.given(st.lists(st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True), unique=True, min_size=1))
@hypothesis.settings(
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture], max_examples=30, deadline=None
)
def test_in_whatever_order_people_come_the_list_is_the_same(project: Path, people: list[str]) -> None:
    people = [one for one in people if one.lower() not in ("weixin", "voip")]
    texts = set()
    for order in (people, people[::-1]):
        file(project).unlink(missing_ok=True)
        for one in order:
            add(project, one)
            add(project, one)
        if order:
            assert ids(project) == sorted(people)
            texts.add(file(project).read_text(encoding="utf-8"))
    assert len(texts) <= 1


def test_two_at_once_lose_nobody(project: Path) -> None:
    people = [f"wxid_{number:02}" for number in range(20)]
    threads = [threading.Thread(target=add, args=(project, one)) for one in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ids(project) == people
