"""`send`, ledger and all, beside a bare pool of `requests` sessions that posts as much and records nothing.

As a program, `python -m tests.benchmarks.sending URL COUNT DEVICES` is that bare pool.
"""

import itertools
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from gewe_runner import sandbox
from tests import crash
from tests.conftest import ROOT

DEVICES = 16


def bodies(count: int, devices: int) -> list[bytes]:
    """What the campaign's cards are, as requests; each device's own."""
    card = {
        "coverImgUrl": "https://cdn.example.com/covers/fruit.jpg",
        "displayName": "百果园+",
        "miniAppId": "wx1f9ea355b47256dd",
        "pagePath": "pages/index.html?store=%E5%BE%90%E5%AE%B6%E6%B1%87%E5%BA%97",
        "userName": "gh_690acf47ea05@app",
    }
    return [
        json.dumps(
            {
                "appId": f"wx_phone-{number % devices}",
                **card,
                "title": f"客人{number}，水果到家",
                "toWxid": f"wxid_bare{number:06}",
            },
            ensure_ascii=False,
        ).encode()
        for number in range(count)
    ]


def post_all(url: str, count: int, devices: int) -> None:
    """One thread and one session a device, one request at a time in each."""
    everything = bodies(count, devices)

    def work(number: int) -> None:
        headers = {"X-GEWE-TOKEN": "tok-bench", "Content-Type": "application/json"}
        with requests.Session() as session:
            session.trust_env = False
            for body in itertools.islice(everything, number, None, devices):
                session.post(f"{url}/message/postMiniApp", data=body, headers=headers, timeout=60).json()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(devices)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def speed(received: dict[str, Any], count: int) -> float:
    """Messages a second, from the first request to the last."""
    if received["requests"] != count:
        raise RuntimeError(f"{received['requests']} requests came instead of {count}")
    took: int = received["last_at"] - received["first_at"]
    return count * 1000 / max(took, 1)


def measured(count: int, pairs: int) -> Iterator[tuple[float, float]]:
    """Messages a second of the bare pool and of `send`, in turns, after one pair that only warms up."""
    with tempfile.TemporaryDirectory() as name, sandbox.started() as url:
        folder = Path(name)
        at = crash.Gateway(url=url, journal=folder / "none")
        people = crash.people(count, random.Random(count), faulty=0)
        for turn in range(pairs + 1):
            at.reset()
            subprocess.run([sys.executable, "-m", __name__, url, str(count), str(DEVICES)], cwd=ROOT, check=True)
            bare = speed(at.received(), count)
            at.reset()
            devices = {f"phone-{number}": None for number in range(DEVICES)}
            project = crash.lay(folder / str(turn), at, people, devices)
            if project.send():
                raise RuntimeError(project.said())
            if turn:
                yield bare, speed(at.received(), count)


def table(count: int, pairs: int) -> Iterator[str]:
    """The lines of the comparison, the ratio of each pair's own included."""
    found = list(measured(count, pairs))
    bare, full = (statistics.median(side) for side in zip(*found, strict=True))
    ratios = [ours / theirs for theirs, ours in found]
    yield f"sending, {count:,} messages through {DEVICES} devices, no pace, loopback"
    yield f"{'bare requests.Session pool':32} {bare:9,.0f} messages/s"
    yield f"{'send, with its ledger':32} {full:9,.0f} messages/s"
    yield f"{'ratio, of pairs':32} {statistics.median(ratios):9.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


if __name__ == "__main__":
    post_all(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
