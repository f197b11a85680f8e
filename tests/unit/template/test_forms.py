"""Page paths that a mini-program reads back, prices that are exact, and dates without a clock."""

import datetime
import decimal
import fractions
from urllib.parse import parse_qsl

import hypothesis
import pytest
from hypothesis import strategies as st

from gewe_runner import template
from gewe_runner.template import forms
from gewe_runner.template.faults import RefusalError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def rendered(text: str, **names: object) -> str:
    return template.Template(text).render(names)


# -- page paths


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("{{ 'pages/a.html' | wxpath(store=store, from='mp') }}", "pages/a.html?store=%E5%BE%90%201&from=mp"),
        ("{{ 'pages/a.html' | wxpath }}", "pages/a.html"),
        ("{{ 'pages/a.html?x=1' | wxpath(y=2.5) }}", "pages/a.html?x=1&y=2.5"),
        ("{{ 'pages/a.html?' | wxpath(y=true) }}", "pages/a.html?y=true"),
        ("{{ 'pages/a.html' | wxpath({'utm-source': 'mp'}, b='', a=1) }}", "pages/a.html?utm-source=mp&b=&a=1"),
        ("{{ 'pages/a.html' | wxpath(coupon=coupon | default(none)) }}", "pages/a.html"),
        (
            "{{ 'pages/a.html' | wxpath(path='/a?b=c&d#e', value='-._~', context='+') }}",
            "pages/a.html?path=%2Fa%3Fb%3Dc%26d%23e&value=-._~&context=%2B",
        ),
    ],
)
def test_a_query_is_put_behind_a_page(text: str, path: str) -> None:
    assert rendered(text, store="徐 1") == path


@hypothesis.given(st.dictionaries(TEXTS.filter(bool), TEXTS))
def test_a_query_is_read_back_as_it_was_given(parameters: dict[str, str]) -> None:
    page, _, query = forms.wxpath("pages/a.html", parameters).partition("?")
    assert page == "pages/a.html"
    assert query.isascii()
    assert parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)) == list(parameters.items())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ 'a.html#top' | wxpath(a=1) }}", "no '#'"),
        ("{{ 'a.html' | wxpath(a=[1]) }}", "a list cannot stand in a text"),
        ("{{ 'a.html' | wxpath('a') }}", "by name, or in a mapping"),
        ("{{ 'a.html' | wxpath({'a': 1}, a=2) }}", "the parameter 'a' twice"),
        ("{{ 'a.html' | wxpath(a=1, a=2) }}", "the argument 'a' is given twice"),
        ("{{ 'a.html' | wxpath(a=stor) }}", "'stor' is undefined; did you mean 'store'?"),
        ("{{ 'a.html' | wxpath(a='\ud800') }}", "half of a character"),
    ],
)
def test_a_path_that_cannot_be_made_is_told(text: str, words: str) -> None:
    with pytest.raises(template.TemplateFault, match=words.replace("?", r"\?")):
        rendered(text, store="S001")


# -- prices


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("{{ '29.9' | money }}", "¥29.90"),
        ("{{ ' 29 ' | money }}", "¥29.00"),
        ("{{ 29 | money }}", "¥29.00"),
        ("{{ 1.005 | money }}", "¥1.01"),
        ("{{ '-0.125' | money }}", "-¥0.13"),
        ("{{ '-0.004' | money }}", "¥0.00"),
        ("{{ '2.5' | money(places=0) }}", "¥3"),
        ("{{ '1234567.5' | money(group=',') }}", "¥1,234,567.50"),
        ("{{ '29.00' | money(trim=true) }}{{ '29.90' | money('', trim=true) }}元", "¥2929.9元"),
        ("{{ '100' | money(places=0, trim=true) }}", "¥100"),
        ("{{ '2990' | money(cents=true) }}", "¥29.90"),
        ("{{ '29.9' | money('US$') }}", "US$29.90"),
    ],
)
def test_an_amount_is_shown_as_a_price(text: str, price: str) -> None:
    assert rendered(text) == price


@hypothesis.given(
    st.decimals(-(10**14), 10**14, allow_nan=False, allow_infinity=False, places=9), st.integers(0, forms.PLACES)
)
def test_a_price_is_the_nearest_one_and_half_goes_away_from_zero(amount: decimal.Decimal, places: int) -> None:
    shown = decimal.Decimal(forms.money(f"{amount:f}", "", places))
    unit = fractions.Fraction(1, 10**places)
    away = fractions.Fraction(abs(shown)) - fractions.Fraction(abs(amount))
    assert -unit / 2 < away <= unit / 2
    assert shown == 0 or (shown < 0) == (amount < 0)


@hypothesis.given(st.integers(-(10**14), 10**14))
def test_cents_are_exact(cents: int) -> None:
    shown = forms.money(cents, "", group=",", cents=True)
    assert int(shown.replace(",", "").replace(".", "")) == cents
    assert shown == forms.money(f"{decimal.Decimal(cents).scaleb(-2):f}", "", group=",")


@hypothesis.given(st.decimals(0, 10**9, allow_nan=False, allow_infinity=False, places=2))
def test_a_number_of_yaml_counts_as_it_is_written(amount: decimal.Decimal) -> None:
    assert forms.money(float(amount)) == forms.money(str(amount))


@pytest.mark.parametrize(
    "amount", ["", "¥29", "29,90", "1,299", "1e3", ".5", "2９", "nan", "29.90元", "1" * 41, "9" * 16]
)
def test_what_is_no_plain_amount_is_not_guessed_at(amount: str) -> None:
    with pytest.raises(RefusalError, match="money"):
        forms.money(amount)


@pytest.mark.parametrize(
    "text", ["{{ true | money }}", "{{ none | money }}", "{{ [1] | money }}", "{{ 1 | money(places=9) }}"]
)
def test_money_takes_numbers_only(text: str) -> None:
    with pytest.raises(template.TemplateFault, match="money"):
        rendered(text)


# -- dates


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{ '2026-03-05' | date('%-m月%-d日') }}", "3月5日"),
        ("{{ '2026/3/5' | date }}{{ '2026.03.05' | date }}{{ 20260305 | date }}", "2026-03-05" * 3),
        ("{{ '2026年3月5日 9:05' | date('%m-%d %H:%M') }}", "03-05 09:05"),
        ("{{ '2026-03-05T23:30:01.5+08:00' | date('%Y%m%d%H%M%S') }}", "20260305233001"),
        ("{{ '2026-03-05T00:00Z' | date('%-H:%-M %%') }}", "0:0 %"),
        ("{{ '2026-03-05' | date('周%u') }}", "周4"),
        ("{{ '一二三四五六日'[day | date('%u') | int - 1] }}", "四"),
    ],
)
def test_a_date_is_shown_as_it_is_written(text: str, shown: str) -> None:
    assert rendered(text, day="2026-03-05") == shown


@hypothesis.given(st.datetimes(datetime.datetime(1, 1, 1)))  # noqa: DTZ001 - as lists write them
def test_every_moment_keeps_its_parts(moment: datetime.datetime) -> None:
    written = moment.isoformat(" ", "seconds")
    assert forms.date(written, "%Y-%m-%d %H:%M:%S") == written
    assert forms.date(f"{moment.year:04}{moment.month:02}{moment.day:02}") == moment.date().isoformat()
    assert forms.date(written, "%u") == str(moment.isoweekday())


@pytest.mark.parametrize(
    ("value", "form", "words"),
    [
        ("2026-02-29", "%Y", "not in the calendar"),
        ("2026-02-28 25:00", "%Y", "not on the clock"),
        ("0000-01-01", "%Y", "not in the calendar"),
        ("05/03/2026", "%Y", "takes 2026-12-01,"),
        ("2026-3/5", "%Y", "takes 2026-12-01,"),
        ("46086", "%Y", "takes 2026-12-01,"),
        ("２０２６-01-01", "%Y", "takes 2026-12-01,"),
        ("", "%Y", "takes 2026-12-01,"),
        ("2026-03-05", "%H", "no time of day"),
        ("2026-03-05", "%B", "does not know '%B'"),
        ("2026-03-05", "%-%", "does not know"),
        ("2026-03-05", "100%", "does not know '%'"),
    ],
)
def test_what_is_no_date_is_not_guessed_at(value: str, form: str, words: str) -> None:
    with pytest.raises(RefusalError, match=words):
        forms.date(value, form)
