"""Secrets are found wherever they stand, and what only looks like one is left alone."""

from collections.abc import Callable
from typing import Any

import pytest

from gewe_runner.rules import secrets

Tree = Callable[[str], Any]


@pytest.mark.parametrize(
    "text",
    [
        "token: 0a1b2c3d",
        "X-GEWE-TOKEN: 0a1b2c3d",
        "vars: {api_key: abc}",
        "profiles: {production: {token: 0a1b2c3d}}",
        "vars: {dsn: 'postgresql://me:0a1b2c3d@db/crm'}",
        "vars: {key: '-----BEGIN RSA PRIVATE KEY-----'}",
        "description: 'curl -H X-GEWE-TOKEN:0a1b2c3d'",
        "recipients: [{rows: [{note: Bearer 0a1b2c3d0a1b2c3d0a}]}]",
        "vars: {a: ghp_0a1b2c3d0a1b2c3d0a1b2c3d, b: c}",
        "vars: {a: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.0a1b2c3d0a1b2c3d}",
        "vars: {a: AKIAABCDEFGHIJKLMNOP}",
        "card: {coverImgUrl: 'https://me:0a1b2c3d@cdn.example.com/a.jpg'}",
    ],
)
def test_a_secret_is_found_and_not_repeated(tree: Tree, text: str) -> None:
    [finding] = secrets.check(tree(text))
    assert "0a1b2c3d" not in finding.message


@pytest.mark.parametrize(
    "text",
    [
        "card: {coverImgUrl: 'https://a.myqcloud.com/a.jpg?q-ak=AKIDabcdefghijklmnopqrstuvwxyz123456&q-signature=0a1b'}",
        "card: {coverImgUrl: 'https://a.s3.amazonaws.com/a.jpg?X-Amz-Credential=AKIAABCDEFGHIJKLMNOP%2F20260101'}",
        "profiles: {production: {token_env: GEWE_TOKEN, refusals: {token: ['X-GEWE-TOKEN 不可用']}}}",
        "recipients: [{rows: [{toWxid: a, token: abc}], columns: {token: secret}}]",
        "card: {pagePath: 'pages/index.html?at={{ user }}@{{ shop }}', title: '周末: 满 9:30@店'}",
        "vars: {token: }",
    ],
)
def test_what_only_looks_like_a_secret_is_left_alone(tree: Tree, text: str) -> None:
    assert list(secrets.check(tree(text))) == []
