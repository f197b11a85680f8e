"""What the sandbox tells of a device that is asked about: whether it is online, whose it is, whom it knows."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from gewe_runner.sandbox.behaviours import Receipt

#: The endpoint that sends, which is no question.
MESSAGE = "postMiniApp"

#: The endpoint that says of a device whether it is online.
PRESENCE = "checkOnline"

#: What can be asked, by the path that follows the API's prefix.
PATHS: Mapping[str, str] = {
    f"/login/{PRESENCE}": PRESENCE,
    "/personal/getProfile": "getProfile",
    "/contacts/fetchContactsList": "fetchContactsList",
    "/contacts/fetchContactsListCache": "fetchContactsListCache",
}

#: What the API calls an operation that failed.
_FAILED = {PRESENCE: "检查是否在线失败", "getProfile": "获取个人资料失败"}
_FAILED_CONTACTS = "获取联系人列表失败"

#: Whom every account has.
_EVERYBODYS = ("filehelper", "fmessage", "weixin")


def receipt(endpoint: str, app_id: str, known: Iterable[str]) -> Receipt:
    """The right answer to a question.

    Args:
        known: The ids that the device has among its contacts.
    """
    data: Any = True
    if endpoint == "getProfile":
        data = _profile(app_id)
    elif endpoint != PRESENCE:
        data = _contacts(known)
    failed = _FAILED.get(endpoint, _FAILED_CONTACTS)
    return Receipt(data=data, failed=failed, when_offline=False if endpoint == PRESENCE else None)


def _profile(app_id: str) -> dict[str, Any]:
    own = hashlib.sha256(app_id.encode("utf-8", "surrogatepass")).hexdigest()
    name = app_id.removeprefix("wx_").removeprefix("sandbox_").replace("_", "-")
    return {
        "alias": None,
        "wxid": f"wxid_{own[:14]}",
        "nickName": f"沙盒 {name}",
        "mobile": None,
        "uin": int(own[14:22], 16),
        "sex": 0,
        "country": "CN",
    }


def _contacts(known: Iterable[str]) -> dict[str, list[str]]:
    ids = sorted({*_EVERYBODYS, *known})
    groups = [one for one in ids if one.endswith("@chatroom")]
    accounts = [one for one in ids if one.startswith("gh_")]
    return {
        "friends": [one for one in ids if one not in {*groups, *accounts}],
        "chatrooms": groups,
        "ghs": accounts,
    }
