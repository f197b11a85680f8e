"""One campaign with a list of every kind, for tests of any size: the same people every time, wherever it is laid."""

import csv
import gzip
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import openpyxl
import psycopg
import sqlalchemy

#: The variables that hold the addresses of the two databases.
SQLITE, POSTGRES = "CRM_URL", "WAREHOUSE_URL"

SETTINGS = """\
version: 1
profiles:
  sandbox:
    gateway: sandbox
    devices: {east: {}, west: {}}
    suppress: [{file: lists/complaints.csv}]
"""

CARD = """\
card:
  miniAppId: wx1f9ea355b47256dd
  userName: gh_690acf47ea05@app
  displayName: 百果园+
  title: "{% if store == '0' %}{{ skip('no store') }}{% endif %}{{ name }}，29 分钟送到家"
  pagePath: "{{ 'pages/index.html' | wxpath(store=store) }}"
  coverImgUrl: https://cdn.example.com/a.jpg
"""

EARLIER = f"""\
version: 1
name: earlier
edition: 1
{CARD}\
recipients: [{{file: lists/earlier.csv, device: east}}]
"""

CAMPAIGN = f"""\
version: 1
name: audience
edition: 1
{CARD}\
recipients:
  - {{file: lists/book.xlsx, sheet: 会员, columns: {{toWxid: 微信号}}, device: east}}
  - sql: {{url_env: {SQLITE}, query: "select wxid, name, store from members where city = :city order by wxid"}}
    columns: {{toWxid: wxid}}
    vars: {{city: sh}}
    device: west
  - sql: {{url_env: {POSTGRES}, query: "select wxid, name, store from members order by wxid"}}
    columns: {{toWxid: wxid}}
    device: east
  - {{file: lists/app.csv.gz, where: opted_in == "yes"}}
  - {{file: lists/log.jsonl.gz, device: west}}
  - rows:
      - {{toWxid: filehelper, name: 自己, store: "1", device: east}}
      - {{toWxid: wxid_person00000001, name: 又来, store: "1", device: west}}
suppress:
  - file: lists/opted-out.jsonl
frequency_cap: {{messages: 1, days: 30}}
variants: [{{name: a, weight: 3}}, {{name: b, card: {{title: "{{{{ name }}}} 水果到家"}}}}]
holdout: 5
"""

_Row = tuple[str, str, int]


def lay(folder: Path, rows: int, warehouse: str) -> tuple[dict[str, str], int]:
    """A project in that folder, with about so many rows; some people stand in several lists.

    Args:
        warehouse: The address of an empty PostgreSQL database.

    Returns:
        The environment that the lists want, and how many rows they have together.
    """
    (folder / "lists").mkdir(parents=True)
    people = list(_people(rows))
    fifth = len(people) // 5
    # neighbours share a tenth of their rows
    parts = [people[n * fifth : (n + 1) * fifth + fifth // 10] for n in range(5)]
    _book(folder / "lists" / "book.xlsx", parts[0])
    address = f"sqlite:///{folder / 'crm.db'}"
    elsewhere = [(f"wxid_elsewhere{n}", "外地", 1) for n in range(5)]
    _table(address, [(*row, "sh") for row in parts[1]] + [(*row, "bj") for row in elsewhere])
    _table(warehouse, [(*row, "sh") for row in parts[2]])
    with gzip.open(folder / "lists" / "app.csv.gz", "wt", encoding="utf-8", newline="") as packed:
        csv.writer(packed).writerows(
            [("toWxid", "name", "store", "device", "opted_in")]
            + [(*row, ("east", "west")[n % 2], ("no" if n % 9 == 0 else "yes")) for n, row in enumerate(parts[3])]
        )
    with gzip.open(folder / "lists" / "log.jsonl.gz", "wt", encoding="utf-8") as packed:
        packed.writelines(json.dumps({"toWxid": one, "name": name, "store": s}) + "\n" for one, name, s in parts[4])
    for name, few in {"complaints.csv": people[7::97], "earlier.csv": people[11 :: len(people) // 20]}.items():
        _csv(folder / "lists" / name, few)
    out = people[13::89]
    (folder / "lists" / "opted-out.jsonl").write_text("".join(f'{{"toWxid": "{one}"}}\n' for one, *_ in out))
    (folder / "suppressed.csv").write_text("toWxid\n" + "".join(f"{one}\n" for one, *_ in people[17::101]))
    for name, text in {"gewe.yaml": SETTINGS, "audience.yaml": CAMPAIGN, "earlier.yaml": EARLIER}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return {SQLITE: address, POSTGRES: warehouse}, sum(map(len, parts)) + 2


def _people(rows: int) -> Iterator[_Row]:
    chance = random.Random(5)
    for number in range(rows * 10 // 11):
        yield f"wxid_person{number:08}", chance.choice("林陈王赵孙") + "女士", chance.randrange(40)


def _book(file: Path, rows: Sequence[_Row]) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("会员")
    sheet.append(["微信号", "name", "store"])
    for row in rows:
        sheet.append(list(row))
    book.create_sheet("备注").append(["这里没有名单"])
    book.save(file)


def _csv(file: Path, rows: Sequence[_Row]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("toWxid", "name", "store"), *rows])


def _table(address: str, rows: Sequence[tuple[str, str, int, str]]) -> None:
    if address.startswith("postgresql"):
        with psycopg.connect(address) as connection, connection.cursor() as cursor:
            cursor.execute("create table members (wxid text, name text, store integer, city text)")
            with cursor.copy("copy members from stdin") as copy:
                for row in rows:
                    copy.write_row(row)
        return
    engine = sqlalchemy.create_engine(address)
    with engine.begin() as crm:
        crm.exec_driver_sql("create table members (wxid text, name text, store integer, city text)")
        crm.exec_driver_sql("insert into members values (?, ?, ?, ?)", list(rows))
    engine.dispose()
