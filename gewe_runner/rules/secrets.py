"""What must not stand in a campaign or settings file, because repositories are read by many: secrets."""

import functools
import re
from collections.abc import Iterable, Iterator
from typing import Any

from gewe_runner import rules
from gewe_runner.model import Level, Where
from gewe_runner.rules.structure import Finding, dotted

SECRET = rules.declare(
    "secret-in-file",
    Level.ERROR,
    "A token, password or private key stands in a file that is version-controlled and shared. Whoever reads it can "
    "send in your name. Put it into an environment variable (in CI: a protected secret), name that variable in "
    "gewe.yaml, and replace what was already committed: history keeps it. Signed cover URLs are no secrets here.",
    example="broken: token: 2f5b...; right: token_env: GEWE_TOKEN",
)

_KEYS = frozenset({"token", "gewetoken", "xgewetoken", "accesstoken", "password", "passwd", "secret", "apikey"})
_KEYS |= {"secretkey", "clientsecret", "privatekey", "accesskey", "accesskeysecret", "authorization"}

_VALUES = (
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("an API token", re.compile(r"(?i)X-GEWE-TOKEN\s*[:=]\s*[A-Z0-9-]{8,}")),
    ("an API token", re.compile(r"\bBearer\s+[\w.~+/-]{16,}|\b(?:gh[pousr]_|github_pat_|glpat-|sk-)\w{16,}")),
    ("an access token", re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}")),
)
_ACCESS_KEY = re.compile(r"\b(?:AKIA[0-9A-Z]{16}|AKID[0-9A-Za-z]{28,}|LTAI[0-9A-Za-z]{16,})\b")
#: Of what the patterns above find, the shortest: most values are quickly known to be no secrets.
_SHORTEST = 19
_URL_PASSWORD = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@:]*:(?!\{\{)[^\s/?#@]+@", re.IGNORECASE)


_CURE = "take it out of the file, keep it in an environment variable"


def check(root: Any, where: Where = ()) -> Iterator[Finding]:
    """Every secret of a document; messages never repeat it.

    The columns of a list belong to its owner, so below `rows` and `columns` names are not judged, only values. A
    database's `url` is left to the rule that knows what to write instead.
    """
    if isinstance(root, str):
        if where[-2:] != ("sql", "url") and (kind := _kind(root)):
            yield Finding(SECRET, where, f"{dotted(where)} holds {kind}; {_CURE}")
        return
    is_mapping = isinstance(root, dict)
    parts: Iterable[tuple[Any, Any]] = root.items() if is_mapping else enumerate(root)
    for name, value in parts:
        if is_mapping and _is_secret(name) and _is_judged(value, where):
            yield Finding(SECRET, (*where, name), _advice(name, where), key=True)
        elif not isinstance(value, str) or _kind(value):
            yield from check(value, (*where, name))


def _is_judged(value: Any, where: Where) -> bool:
    """Whether the name of the value that stands there counts."""
    return "rows" not in where and "columns" not in where and isinstance(value, str) and value != ""


@functools.lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return re.sub(r"[^a-z]", "", name.lower()) in _KEYS


def _advice(name: str, where: Where) -> str:
    if where[:1] == ("profiles",):
        return f"{name}: a token never stands in a file, only the name of its variable; write token_env: GEWE_TOKEN"
    return f"{name}: a secret never stands in a file; the token's variable is named in gewe.yaml, as token_env"


def _kind(text: str) -> str | None:
    if "://" in text and _URL_PASSWORD.search(text):
        return "a URL with a password"
    if len(text) < _SHORTEST:
        return None
    for kind, pattern in _VALUES:
        if pattern.search(text):
            return kind
    # The key id of a signed cover URL is public: everybody who gets the card can read it.
    return "a cloud access key" if not text.startswith(("http://", "https://")) and _ACCESS_KEY.search(text) else None
