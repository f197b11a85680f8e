"""Which hosts and mini-programs a policy allows, and how a file's policy lies over another."""

from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from gewe_runner.model import Policy
from gewe_runner.rules import policies

HOSTS = ("cdn.example.com", "*.shop.example")
LABEL = st.from_regex(r"[a-z]([a-z0-9-]{0,5}[a-z0-9])?", fullmatch=True)


def denied(policy: Policy, **card: str) -> list[str]:
    return [f"{name} {rule.id}" for name, value in card.items() for rule, _ in policies.card(policy, name, value)]


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.example.com/a.jpg",
        "http://CDN.example.com:8443/a.jpg?x=https://evil.example",
        "https://cdn.example.com./a.jpg",
        "https://a.shop.example/a.jpg",
        "https://a.b.shop.example/a.jpg",
    ],
)
def test_a_cover_of_an_allowed_host_passes(url: str) -> None:
    assert denied(Policy(allowed_hosts=HOSTS), coverImgUrl=url) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a.jpg",
        "https://x.cdn.example.com/a.jpg",
        "https://shop.example/a.jpg",
        "https://evilshop.example/a.jpg",
        "https://cdn.example.com.evil.example/a.jpg",
        "https://cdn.example.com@evil.example/a.jpg",
        "https://evil.example/cdn.example.com",
        "https://%63dn.example.com/a.jpg",
    ],
)
def test_a_cover_of_another_host_is_denied(url: str) -> None:
    assert denied(Policy(allowed_hosts=HOSTS), coverImgUrl=url) == ["coverImgUrl host-denied"]


def test_only_the_mini_programs_that_are_listed_pass() -> None:
    policy = Policy(allowed_mini_apps=("wx1f9ea355b47256dd",))
    assert denied(policy, miniAppId="wx1f9ea355b47256dd", coverImgUrl="https://anywhere.example/a") == []
    assert denied(policy, miniAppId="wx2f9ea355b47256dd", title="x") == ["miniAppId mini-app-denied"]


def test_a_policy_that_says_nothing_forbids_nothing() -> None:
    assert denied(Policy(), miniAppId="wx2f9ea355b47256dd", coverImgUrl="https://anywhere.example/a") == []


@hypothesis.given(LABEL, LABEL, LABEL)
def test_what_a_narrower_list_allows_the_wider_one_does(one: str, two: str, host: str) -> None:
    narrow, wide = f"*.{one}.{two}.example", f"*.{two}.example"
    assert list(policies.looser({"allowed_hosts": [narrow]}, Policy(allowed_hosts=(wide,)))) == []
    url = f"https://{host}.{one}.{two}.example/a.jpg"
    assert denied(Policy(allowed_hosts=(narrow,)), coverImgUrl=url) == []
    assert denied(Policy(allowed_hosts=(wide,)), coverImgUrl=url) == []
    assert list(policies.looser({"allowed_hosts": [wide]}, Policy(allowed_hosts=(narrow,)))) != []


def test_what_a_file_does_not_say_stays(tree: Callable[[str], Any]) -> None:
    profile = Policy(max_recipients=9, groups=False, allowed_hosts=HOSTS, require_suppression=True)
    own = policies.tightened(profile, tree("{max_recipients: 5, allowed_hosts: [cdn.example.com]}"))
    assert own == Policy(max_recipients=5, groups=False, allowed_hosts=HOSTS[:1], require_suppression=True)
