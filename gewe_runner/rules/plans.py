"""Rules about a plan as a whole: who gets what through which device, and what the project allows."""

from gewe_runner import rules
from gewe_runner.model import Level

ROW_DEVICE = rules.declare(
    "row-device",
    Level.ERROR,
    "The `device` column of a list names a device that the profile does not have. Each row is sent through the "
    "device that it names, so a name that nobody knows would leave its recipient out.",
    example="wxid,device\nwxid_anna,shop-esat   <- unknown; the profile has shop-east, shop-west\n"
    "wxid_anna,shop-east   <- right",
)

NO_DEVICE = rules.declare(
    "no-device",
    Level.ERROR,
    "Nothing says through which device a recipient is to be reached: the row has no `device`, its list names none, "
    "`send` names none, and the profile has more than one.",
    example="send:\n  device: shop-east   # or devices: [shop-east, shop-west]",
)

MAX_RECIPIENTS = rules.declare(
    "max-recipients",
    Level.ERROR,
    "`policy.max_recipients` is the most messages that one plan may hold: the guard against a list that is "
    "larger than anybody meant.",
    example="policy: {max_recipients: 5000}   # a plan of 5001 messages is refused",
)

GROUPS_DENIED = rules.declare(
    "groups-denied",
    Level.ERROR,
    "`policy.groups: deny` forbids group chats (ids that end in @chatroom), and the plan holds one.",
    example="policy: {groups: allow}   # or leave the group out of the list",
)

NOBODY = rules.declare(
    "nobody",
    Level.WARNING,
    "The plan holds no message: every row was left out. Sending it does nothing.",
    example='where: opted_in == "yes"   # no row says yes: is the column spelled like this?',
)

COVER_EXPIRES = rules.declare(
    "cover-expires",
    Level.WARNING,
    "A signed cover URL (Tencent COS, Aliyun OSS, Amazon S3) stops working before the last message is forecast to "
    "leave; GeWe fetches the cover anew for each message, so those sent later would fail.",
    example="coverImgUrl: https://….myqcloud.com/a.jpg?q-sign-time=1755695441;1755699041   # valid for one hour only",
)

HASHED_DEVICES = rules.declare(
    "hashed-devices",
    Level.WARNING,
    "`send.devices` spreads the recipients over several devices by hash. A friend knows one account: through the "
    "others the card is refused. It is right only for chats that every device is in.",
    example="recipients:\n  - {file: east.csv, device: shop-east}\n  - {file: west.csv, device: shop-west}",
)

EDITION_USED = rules.declare(
    "edition-used",
    Level.ERROR,
    "Everybody in the plan already got a card under this name and edition, and it was another one. Nobody would get "
    "the new card: at most one card goes to a person for each name and edition.",
    example="edition: 2   # was 1; or give the campaign a name of its own",
)

SOURCE_CHANGED = rules.declare(
    "source-changed",
    Level.WARNING,
    "A file that the plan was made of is another one now. `send --plan` sends the plan as it was approved; what was "
    "changed since has no effect on it, but for suppression lists: whoever stands in them now gets nothing.",
    example="gewe-runner plan fruit.yaml --against fruit.jsonl   # what a plan made today would change",
)
