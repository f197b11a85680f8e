"""Lays the projects and lists that are measured: the same bytes every time."""

import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

#: Three of the six are templates; `minutes` is a variable of the campaign.
CARD: Mapping[str, str] = {
    "miniAppId": "wx1f9ea355b47256dd",
    "userName": "gh_690acf47ea05@app",
    "displayName": "百果园+",
    "title": "{{ name }}，{{ minutes }}分钟 好吃水果送到家",
    "pagePath": "pages/homeDelivery/index.html?store={{ store | urlencode }}",
    "coverImgUrl": "https://cdn.example.com/covers/{{ city }}.jpg",
}

#: The same card as a mail: what is constant in ours is constant here.
MAIL = f"""\
TO: {{{{ wxid }}}}@example.com
SUBJECT: {CARD["title"].replace("{{ minutes }}", "29")}
FROM: {CARD["userName"].removesuffix("@app")}@example.com

{CARD["displayName"]} {CARD["miniAppId"]}
{CARD["pagePath"]}
{CARD["coverImgUrl"]}
"""

MAIL_SERVER = "[smtp_server]\nhost = localhost\nport = 25\n"

#: What a user's own script checks each row against.
PAYLOAD_SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "required": ["toWxid", *CARD],
    "additionalProperties": False,
    "properties": {
        **{field: {"type": "string", "minLength": 1} for field in ("toWxid", "displayName", "title", "pagePath")},
        "miniAppId": {"type": "string", "pattern": "^wx[0-9a-f]{16}$"},
        "userName": {"type": "string", "pattern": "^gh_[0-9a-z]+@app$"},
        "coverImgUrl": {"type": "string", "pattern": "^https?://"},
    },
}

SANDBOX = """\
version: 1
default_profile: sandbox
profiles:
  sandbox: {gateway: sandbox, devices: {east: {appId: wx_sandbox_east}}}
"""

#: A profile that sends as fast as the gateway answers.
LIVE = """\
version: 1
default_profile: live
profiles:
  live:
    gateway: {gateway}
    allow_http: true
    token_env: GEWE_TOKEN
    pace: {{per_minute: null, gap_seconds: null, per_half_hour: null, per_day: null, quiet_hours: null,
           cool_down_minutes: null}}
    devices: {{{devices}}}
"""

#: What `LIVE` needs.
LIVE_ENVIRONMENT = {"GEWE_TOKEN": "tok-bench"}


def campaign(name: str, list_name: str, *, devices: int = 0, title: str = CARD["title"]) -> str:
    """A campaign file; with `devices`, the list's rows say which."""
    fields = {**CARD, "title": title}
    card = "\n".join(f"  {field}: {json.dumps(text, ensure_ascii=False)}" for field, text in fields.items())
    through = f"devices: [{', '.join(map(device, range(devices)))}]" if devices else "device: east"
    return f"""\
version: 1
name: {name}
edition: 1
description: 周末生鲜到家
vars: {{minutes: 29}}
card:
{card}
recipients:
  - file: {list_name}
    columns: {{toWxid: wxid}}
send: {{{through}}}
"""


def device(number: int) -> str:
    return f"phone-{number}"


def members(rows: int, *, devices: int = 0, alike: bool = True) -> Iterator[str]:
    """The lines of a list; a longer list begins like a shorter one.

    Args:
        alike: Names and stores come again, as in the lists of a chain of stores; else each row has its own.
    """
    chance = random.Random(7)
    yield "wxid,name,store,city" + (",device" if devices else "") + "\n"
    for number in range(rows):
        name, store, city = chance.choice("林陈王赵孙"), chance.randrange(400), chance.choice(("shanghai", "suzhou"))
        own = "" if alike else number
        through = f",{device(number % devices)}" if devices else ""
        yield f"wxid_bench{number:09d},{name}女士{own},{store}号店{own},{city}{through}\n"


def lay(folder: Path, rows: int, *, devices: int = 0, alike: bool = True) -> Path:
    """A campaign and its list of that many rows, beside a settings file that is there; the campaign's path."""
    list_name = lay_list(folder, rows, devices=devices, alike=alike)
    file = (folder / list_name).with_suffix(".yaml")
    file.write_text(campaign(f"bench-{file.stem}", list_name, devices=devices), encoding="utf-8")
    return file


def lay_list(folder: Path, rows: int, *, devices: int = 0, alike: bool = True) -> str:
    """A list of that many rows; its name."""
    file = folder / f"{rows}{'' if alike else '-own'}.csv"
    with file.open("w", encoding="utf-8") as stream:
        stream.writelines(members(rows, devices=devices, alike=alike))
    return file.name


def sandbox_project(folder: Path) -> Path:
    """A project whose only profile is the built-in sandbox; its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gewe.yaml").write_text(SANDBOX, encoding="utf-8")
    return folder


def live_project(folder: Path, gateway: str, devices: int) -> Path:
    """A project that sends to a gateway of ours through so many devices, without any pace; its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    named = ", ".join(f"{device(number)}: {{appId: wx_{device(number)}}}" for number in range(devices))
    (folder / "gewe.yaml").write_text(LIVE.format(gateway=gateway, devices=named), encoding="utf-8")
    return folder


def lay_peers(folder: Path) -> None:
    """What the peers read beside a list: mailmerge's files, the card and its schema as JSON."""
    (folder / "mail.txt").write_text(MAIL, encoding="utf-8")
    (folder / "mail.conf").write_text(MAIL_SERVER, encoding="utf-8")
    (folder / "card.json").write_text(json.dumps(dict(CARD)), encoding="utf-8")
    (folder / "payload.schema.json").write_text(json.dumps(PAYLOAD_SCHEMA), encoding="utf-8")


def lay_campaigns(folder: Path, count: int) -> list[Path]:
    """So many campaigns of one project, each with a name and a title of its own, all with one list of twenty people."""
    (sandbox_project(folder) / "campaigns" / "lists").mkdir(parents=True)
    (folder / "campaigns" / "lists" / "members.csv").write_text("".join(members(20)), encoding="utf-8")
    files = [folder / "campaigns" / f"campaign-{number:03}.yaml" for number in range(count)]
    for number, file in enumerate(files):
        title = f"{CARD['title']} 第{number}期"
        file.write_text(campaign(file.stem, "lists/members.csv", title=title), encoding="utf-8")
    return files
