"""A plan is what the contract says: held against a second, naive reading of it, over campaigns of every make."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import jinja2
import openpyxl
import yaml
from hypothesis import strategies as st

from gewe_runner import prepare
from gewe_runner.problems import Problems

Row = dict[str, str]

#: What people keep in their lists: what CSV must quote, what templates must not run, what is not Latin, nothing.
_TEXTS = st.sampled_from(
    ["王女士", "a,b", 'the "one"', "{{ city }}", "  x ", "果\U0001f34e", "100%", "=1+1", "''", "0", ""]
)
_IDS = st.builds("{}{}{}".format, st.sampled_from(["", " ", "\u200b"]), st.sampled_from("abcdefgh"), st.just(""))
_CITIES, _DEVICES = ("sh", "sz"), ("east", "west")

_CARD = {
    "miniAppId": "wx1f9ea355b47256dd",
    "userName": "gh_690acf47ea05@app",
    "displayName": "{{ shop }} {{ device.name }}",
    "title": "{{ name | default('?') }} in {{ city }}, {{ minutes }}",
    "pagePath": "pages/index.html?store={{ name | default('') | urlencode }}&of={{ recipient.toWxid }}",
    "coverImgUrl": "https://cdn.example.com/{{ city }}{{ variant.name }}.jpg",
}
_SETTINGS = {
    "version": 1,
    "profiles": {
        "sandbox": {"gateway": "sandbox", "devices": {"east": {}, "west": {}}, "vars": {"shop": "百果园", "minutes": 1}}
    },
}


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A list: how it is written, and its rows under our names."""

    kind: str
    rows: Sequence[Row]
    about: Mapping[str, Any]
    #: Theirs by ours.
    columns: Mapping[str, str]


@st.composite
def listed(draw: st.DrawFn) -> Listed:
    kind = draw(st.sampled_from(["rows", "csv", "tsv", "jsonl", "xlsx"]))
    row = {"toWxid": _IDS, "name": _TEXTS, "city": st.sampled_from(_CITIES)}
    if draw(st.booleans()):
        row["device"] = st.sampled_from(["", *_DEVICES])
    rows = draw(st.lists(st.fixed_dictionaries(row), min_size=1, max_size=8))
    if kind in ("rows", "jsonl"):  # only there may each row have its own order, and lack a column
        rows = [
            {name: one[name] for name in draw(st.permutations(list(one))) if name != "name" or draw(st.booleans())}
            for one in rows
        ]
    about = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "where": st.sampled_from(["city == 'sh'", "city in ('sh', 'sz')"]),
                "device": st.sampled_from(_DEVICES),
                "vars": st.just({"minutes": 7, "name": "nobody"}),
            },
        )
    )
    columns = draw(st.sampled_from([{}, {"toWxid": "wxid"}, {"toWxid": "微信号", "city": "城市"}]))
    return Listed(kind=kind, rows=rows, about=about, columns=columns if kind != "rows" else {})


def _write(one: Listed, path: Path) -> None:
    theirs = [{one.columns.get(name, name): value for name, value in row.items()} for row in one.rows]
    if one.kind == "jsonl":
        path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in theirs), encoding="utf-8")
    elif one.kind == "xlsx":
        book = openpyxl.Workbook()
        assert book.active is not None
        for number, row in enumerate([list(theirs[0]), *([row[name] for name in theirs[0]] for row in theirs)], 1):
            for column, value in enumerate(row, 1):
                cell = book.active.cell(number, column, value)
                cell.data_type = "s"  # `=1+1` is a text here
        book.save(path)
    else:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(theirs[0]), delimiter={"csv": ",", "tsv": "\t"}[one.kind])
        writer.writeheader()
        writer.writerows(theirs)
        path.write_text(text.getvalue(), encoding="utf-8")


def _laid(folder: Path, campaign: Mapping[str, Any], lists: Sequence[Listed]) -> Path:
    """The campaign and its lists as files."""
    recipients: list[Mapping[str, Any]] = []
    for number, one in enumerate(lists):
        if one.kind == "rows":
            recipients.append({"rows": [dict(row) for row in one.rows], **one.about})
            continue
        _write(one, folder / f"{number}.{one.kind}")
        columns = {"columns": dict(one.columns)} if one.columns else {}
        recipients.append({"file": f"{number}.{one.kind}", **columns, **one.about})
    (folder / "gewe.yaml").write_text(yaml.safe_dump(_SETTINGS, allow_unicode=True), encoding="utf-8")
    file = folder / "fruit.yaml"
    tree = {name: value for name, value in campaign.items() if value != []} | {"recipients": recipients}
    file.write_text(yaml.safe_dump(tree, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return file


def _share(label: str, campaign: Mapping[str, Any], to_wxid: str) -> float:
    parts = "\0".join((label, campaign["name"], str(campaign["edition"]), to_wxid))
    return int.from_bytes(hashlib.sha256(parts.encode()).digest()[:8]) / 2**64


def _reason(campaign: Mapping[str, Any], one: Listed, row: Row, to_wxid: str, seen: set[str]) -> str | None:
    """Why a row gets nothing; who is asked for is seen from now on."""
    if "where" in one.about and not (row["city"] == "sh" or "sz" in one.about["where"]):
        return "filtered"
    if to_wxid in seen:
        return "duplicate"
    seen.add(to_wxid)
    if to_wxid in [person["toWxid"].strip() for rows in campaign["suppress"] for person in rows["rows"]]:
        return "suppressed"
    return "holdout" if _share("holdout", campaign, to_wxid) < campaign["holdout"] / 100 else None


def _payload(campaign: Mapping[str, Any], one: Listed, row: Row, about: Mapping[str, Any]) -> dict[str, str]:
    variants = {variant["name"]: variant["card"] for variant in campaign["variants"]}
    names = {**_SETTINGS["profiles"]["sandbox"]["vars"], **campaign["vars"], **one.about.get("vars", {})}  # type: ignore[index]
    names |= row | {"device": {"name": about["device"]}, "variant": {"name": about["variant"] or ""}}
    names |= {"recipient": about, "campaign": campaign}
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    card = _CARD | variants.get(about["variant"], {})
    values = {field: environment.from_string(text).render(names).strip() for field, text in card.items()}
    return {**values, "toWxid": about["toWxid"]}


def _expected(campaign: Mapping[str, Any], lists: Sequence[Listed]) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    seq = 0
    for number, one in enumerate(lists):
        source = f"recipients[{number}].rows" if one.kind == "rows" else f"{number}.{one.kind}"
        for place, written in enumerate(one.rows, 1 if one.kind in ("rows", "jsonl") else 2):
            to_wxid = written["toWxid"].strip("\u200b ")
            row = {**written, "toWxid": to_wxid}
            about: dict[str, Any] = {"toWxid": to_wxid, "source": source, "row": place}
            if reason := _reason(campaign, one, row, to_wxid, seen):
                yield {**about, "reason": reason}
                continue
            seq += 1
            about["device"] = row.get("device") or one.about.get("device") or campaign["send"]["device"]
            share = _share("variant", campaign, to_wxid) * 3
            about["variant"] = ("a" if share < 1 else "b") if campaign["variants"] else None
            yield {**about, "seq": seq, "payload": _payload(campaign, one, row, about)}


@hypothesis.settings(max_examples=60)
@hypothesis.given(
    lists=st.lists(listed(), min_size=1, max_size=3),
    changes=st.fixed_dictionaries(
        {
            "edition": st.sampled_from([1, "spring"]),
            "vars": st.sampled_from([{}, {"minutes": 29, "city": "nowhere"}]),
            "holdout": st.sampled_from([0, 40]),
            "suppress": st.sampled_from([[], [{"rows": [{"toWxid": "a"}, {"toWxid": " b "}]}]]),
            "variants": st.sampled_from(
                [
                    [],
                    [
                        {"name": "a", "weight": 1, "card": {}},
                        {"name": "b", "weight": 2, "card": {"title": "{{ city }}!"}},
                    ],
                ]
            ),
        }
    ),
)
def test_a_plan_says_what_the_contract_says(
    tmp_path_factory: Any, lists: Sequence[Listed], changes: Mapping[str, Any]
) -> None:
    folder, frozen = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("frozen")
    campaign = {"version": 1, "name": "fruit", "card": _CARD, "send": {"device": "west"}, **changes}
    (planned,) = prepare.plan_all([_laid(folder, campaign, lists)], None, frozen, Problems())
    with planned.plan.path.open(encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines]
    for line in found:
        line.pop("sha256", None)
    assert found == list(_expected(campaign, lists))
