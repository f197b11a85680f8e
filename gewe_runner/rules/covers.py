"""What can be wrong with a cover itself: rules that need a look at the picture behind its address."""

from gewe_runner import rules
from gewe_runner.model import Level

COVER_UNREACHABLE = rules.declare(
    "cover-unreachable",
    Level.ERROR,
    "The cover could not be fetched: no such host, no trusted connection, no answer in time, or another answer than "
    "the picture. The gateway fetches it anew for every message, so every card with it would be refused. If the "
    "gateway can reach it and only this machine cannot, send with --no-check-covers.",
    example="broken: https://cdn.example.com/covers/sh.jpg answers HTTP 404; right: it answers with the picture",
)
COVER_NOT_PUBLIC = rules.declare(
    "cover-not-public",
    Level.ERROR,
    "The cover's host, or one that it redirects to, has an address of this machine, of a local network or of a cloud's "
    "metadata service. Nothing was asked there: the gateway is elsewhere, and a campaign file must not make this "
    "program look around in its own network.",
    example="broken: https://cdn.example.com/a.jpg redirects to http://169.254.169.254/; right: it answers itself",
)
COVER_TYPE = rules.declare(
    "cover-type",
    Level.ERROR,
    "A cover is a PNG or a JPEG. What counts is the content, not the name or the header: a WebP called .jpg and an "
    "error page behind HTTP 200 are neither.",
    example="broken: a WebP picture named cover.jpg; right: the same picture saved as JPEG",
)
COVER_TOO_BIG = rules.declare(
    "cover-too-big",
    Level.ERROR,
    "The cover is larger than `covers.max_kb` of the profile, 1024 KB unless set. The gateway uploads it for every "
    "message, and at this size sends time out or are refused.",
    example="covers: {max_kb: 1024}   # better a cover of 720 x 576 pixels saved with less quality",
)
COVER_LARGE = rules.declare(
    "cover-large",
    Level.WARNING,
    "The cover is larger than `covers.warn_kb` of the profile, 50 KB unless set: the API's maintainers advise at most "
    "50 KB. Larger ones are often sent all the same, only more slowly.",
    example="covers: {warn_kb: 50}   # null: do not warn",
)
COVER_RATIO = rules.declare(
    "cover-ratio",
    Level.WARNING,
    "WeChat shows the cover of a card 5 wide and 4 high. Another shape is cropped or gets bars; a difference below 5 % "
    "is let pass.",
    example="doubtful: 800 x 800 pixels; right: 720 x 576 or 520 x 416",
)
COVER_EXPIRED = rules.declare(
    "cover-expired",
    Level.ERROR,
    "The signature of the cover's address (Tencent COS, Aliyun OSS, Amazon S3) has ended, so the picture cannot be "
    "fetched any more, neither from here nor by the gateway.",
    example="broken: https://….myqcloud.com/a.jpg?q-sign-time=1755695441;1755699041   # ended in August 2025",
)
COVER_UNCHECKED = rules.declare(
    "cover-unchecked",
    Level.NOTICE,
    "A cover was not looked at: only the first 200 different covers of a plan are, and none that a proxy of the "
    "environment keeps this machine from reaching. Nothing is known of it, good or bad.",
    example="covers by city are a few and are checked; covers by recipient are too many",
)
