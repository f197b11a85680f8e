"""Looks at covers: each is fetched once and judged by what came, not by what was said of it."""

from collections.abc import Callable, Sequence

from gewe_runner.model import CoverLimits
from gewe_runner.preflight import abreast, images
from gewe_runner.preflight.fault import Fault
from gewe_runner.preflight.fetch import Fetcher
from gewe_runner.preflight.judge import Finding, Look, expired, judge
from gewe_runner.preflight.memory import Memory
from gewe_runner.preflight.route import Router
from gewe_runner.rules import covers

#: Seconds without any news after which covers are given up on: more than a fetch takes by its own deadlines.
PATIENCE = 40


def check(
    urls: Sequence[str],
    limits: CoverLimits,
    memory: Memory,
    now: Callable[[], int],
    fetcher: Fetcher | None = None,
    patience: float = PATIENCE,
) -> dict[str, list[Finding]]:
    """What is wrong with each cover.

    Args:
        memory: A cover that was seen a while ago, and was faultless, is not fetched again.
        now: UTC epoch milliseconds.
        fetcher: Takes covers from the public internet unless said otherwise.
    """
    found: dict[str, list[Finding]] = {}
    for url in urls:
        known = memory.recall(url, now())
        over = list(expired(url, now()))
        if over or (known and not list(judge(known, limits))):
            found[url] = over
    fetcher = fetcher or Fetcher(Router(), most=round(limits.max_kb * 1024))
    left = [url for url in urls if url not in found]
    try:
        for url, seen in abreast.each(lambda url: _look(fetcher, url), left, patience):
            if isinstance(seen, Fault):
                found[url] = [(seen.rule, seen.text)]
            else:
                found[url] = list(judge(seen, limits))
                memory.keep(url, seen, now())
    finally:
        fetcher.close()
    return {url: found.get(url, [(covers.COVER_UNREACHABLE, "no answer in time")]) for url in urls}


def _look(fetcher: Fetcher, url: str) -> Look | Fault:
    try:
        body = fetcher.fetch(url)
    except Fault as fault:
        return fault
    size = images.size(body.data)
    return Look(
        kind=images.kind(body.data),
        length=body.length,
        complete=body.complete,
        width=size.width if size else 0,
        height=size.height if size else 0,
    )
