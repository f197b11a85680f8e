"""A bare pool: one thread and one `requests` session a device, one request at a time in each; nothing is recorded.

python pool.py URL REQUESTS.jsonl DEVICES
"""

import itertools
import sys
import threading
from pathlib import Path

import requests


def post_all(url: str, bodies: list[bytes], devices: int) -> None:
    def work(number: int) -> None:
        headers = {"X-GEWE-TOKEN": "tok-bench", "Content-Type": "application/json"}
        with requests.Session() as session:
            session.trust_env = False
            for body in itertools.islice(bodies, number, None, devices):
                session.post(f"{url}/message/postMiniApp", data=body, headers=headers, timeout=60).json()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(devices)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    post_all(sys.argv[1], Path(sys.argv[2]).read_bytes().splitlines(), int(sys.argv[3]))
