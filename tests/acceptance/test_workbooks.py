"""A workbook from the plan to the rows that have to be looked at again."""

import csv

from tests.acceptance.conftest import Shop
from tests.unit.expand.test_xlsx import book

HEAD = ["wxid", "name", "store", "phone"]


def test_a_sheet_is_planned_sent_and_given_back(shop: Shop) -> None:
    good, bad = shop.friends(1)[0], shop.id("refused")
    rows: list[list[object]] = [[*HEAD], [good, "林晓雨", "S1", 13800000000.0], [bad, "陈默", "S2", 13900000000]]
    shop.write("lists/members.xlsx", book(["nothing"], 上海=rows))
    shop.edit(
        "fruit.yaml", "file: lists/members.csv", "file: lists/members.xlsx\n    sheet: 上海\n    device: shop-east"
    )
    planned = shop.run("plan", "fruit.yaml")
    assert planned.returncode == 0, planned.stderr
    assert "(lists/members.xlsx[上海], row 2)" in planned.stdout
    assert shop.send("--new-ledger").returncode == 1
    assert list(shop.report()["made"]["sources"]) == ["fruit.yaml", "gewe.yaml", "lists/members.xlsx"]
    (failed,) = (shop.folder / "reports" / "fruit").glob("*/failed.csv")
    with failed.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["wxid"], row["name"], row["phone"], row["state"]) == (bad, "陈默", "13900000000", "rejected")


def test_a_test_card_takes_a_row_of_a_sheet(shop: Shop) -> None:
    shop.write("lists/members.xlsx", book(["nothing"], 上海=[HEAD, [shop.friends(1)[0], "林晓雨", "S1", 1]]))
    shop.edit(
        "fruit.yaml", "file: lists/members.csv", "file: lists/members.xlsx\n    sheet: 上海\n    device: shop-east"
    )
    row = "lists/members.xlsx[上海]:2"
    done = shop.run("send", "fruit.yaml", "--test-card", "--row", row, "--yes", "--new-ledger")
    assert done.returncode == 0, done.stderr
    assert "the card of lists/members.xlsx[上海], row 2" in done.stdout
