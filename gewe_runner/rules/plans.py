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

OTHER_DEVICE = rules.declare(
    "other-device",
    Level.NOTICE,
    "By the ledger, somebody last got a card through another device than the one that this plan takes. A friend knows "
    "one account: if that is not the other one's friend, too, the card is refused.",
    example="wxid_anna got the last card through shop-west; the list has device: shop-west, or the friend moved",
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
    "changed since has no effect on it, but for suppression lists and the policy, which hold as they are now.",
    example="gewe-runner plan fruit.yaml --against fruit.jsonl   # what a plan made today would change",
)
