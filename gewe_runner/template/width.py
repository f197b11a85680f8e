"""How wide a text is shown: the same on every machine, whatever Unicode its Python knows."""

import functools
import re
import unicodedata
from collections.abc import Iterator

from gewe_runner.template.faults import RefusalError

# Blocks rather than characters: what a later Unicode adds to them is as wide as what is there.
_WIDE = (
    "1100-115F 231A-231B 2329-232A 23E9-23EC 23F0 23F3 25FD-25FE 2614-2615 2648-2653 267F 2693 26A1 26AA-26AB 26BD-26BE"
    " 26C4-26C5 26CE 26D4 26EA 26F2-26F3 26F5 26FA 26FD 2705 270A-270B 2728 274C 274E 2753-2755 2757 2795-2797 27B0"
    " 27BF 2B1B-2B1C 2B50 2B55 2E80-303E 3041-3247 3250-4DBF 4E00-A4CF A960-A97F AC00-D7A3 F900-FAFF FE10-FE19"
    " FE30-FE6F FF01-FF60 FFE0-FFE6 16FE0-18DFF 1AFF0-1B2FF 1F004 1F0CF 1F18E 1F191-1F19A 1F1E6-1F320 1F32D-1F335"
    " 1F337-1F37C 1F37E-1F393 1F3A0-1F3CA 1F3CF-1F3D3 1F3E0-1F3F0 1F3F4 1F3F8-1F43E 1F440 1F442-1F4FC 1F4FF-1F53D"
    " 1F54B-1F54E 1F550-1F567 1F57A 1F595-1F596 1F5A4 1F5FB-1F64F 1F680-1F6C5 1F6CC 1F6D0-1F6D2 1F6D5-1F6DF 1F6EB-1F6EF"
    " 1F6F4-1F6FF 1F7E0-1F7F0 1F90C-1F93A 1F93C-1F945 1F947-1F9FF 1FA70-1FAFF 20000-3FFFD"
)
#: Marks that Unicode 3.2, which every Python carries, does not know yet; what joins, and skin tones.
_EXTENDS = (
    "0300-036F 0483-0489 1160-11FF 1AB0-1AFF 1DC0-1DFF 200B-200F 2060-2064 20D0-20FF D7B0-D7FF FE00-FE0F FE20-FE2F FEFF"
    " 1F3FB-1F3FF E0020-E007F E0100-E01EF"
)
_PICTURE = (
    "00A9 00AE 203C 2049 2122 2139 2190-21FF 2300-23FF 25A0-27BF 2900-297F 2B00-2BFF 3030 303D 3297 3299 1F000-1F1E5"
    " 1F200-1F3FA 1F400-1FAFF"
)
_FLAG = frozenset(map(chr, range(0x1F1E6, 0x1F200)))
_JOINER, _AS_EMOJI = "\u200d", "\ufe0f"


def columns(text: str) -> int:
    """The columns that a text takes: 2 for a Chinese character or emoji, 1 for a letter, 0 for a mark above it."""
    return len(text) if text.isascii() else sum(map(_columns, _symbols(text)))


def truncate(value: str, n: object, end: object = "…") -> str:
    """The text, or as much of it as fits into `n` columns with `end` behind it; no symbol is cut in two."""
    if not isinstance(n, int) or isinstance(n, bool) or n < 1:
        raise RefusalError("'truncate_display' takes a number of columns of at least 1: | truncate_display(20)")
    if not isinstance(end, str) or columns(end) > n or (end and _extends(end[0])):
        raise RefusalError("what 'truncate_display' puts at the end is a text that fits into the columns itself")
    if columns(value) <= n:
        return value
    kept, left = [], n - columns(end)
    for symbol in _symbols(value):
        left -= _columns(symbol)
        if left < 0:
            break
        kept.append(symbol)
    return "".join(kept).rstrip() + end


def _symbols(text: str) -> Iterator[str]:
    """What a reader takes for one symbol: a letter with its marks, an emoji of several parts, a flag of two."""
    begin = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or not _goes_on(text, begin, place):
            yield text[begin:place]
            begin = place


def _goes_on(text: str, begin: int, place: int) -> bool:
    """Whether the symbol that begins at `begin` takes in the character at `place`."""
    if _extends(text[place]):
        return True
    if text[place - 1] == _JOINER:
        return _in(_PICTURE, text[begin]) and _in(_PICTURE, text[place])
    return place == begin + 1 and text[begin] in _FLAG and text[place] in _FLAG


@functools.lru_cache(maxsize=4096)
def _extends(char: str) -> bool:
    """Whether a character belongs to the one before it; remembered, since lists repeat their characters."""
    return not char.isascii() and (unicodedata.ucd_3_2_0.category(char).startswith("M") or _in(_EXTENDS, char))


def _columns(symbol: str) -> int:
    return 2 if _AS_EMOJI in symbol and not _extends(symbol[0]) else _width(symbol[0])


@functools.lru_cache(maxsize=4096)
def _width(char: str) -> int:
    return 0 if _extends(char) else 2 if _in(_WIDE, char) else 1


def _in(ranges: str, char: str) -> bool:
    return _set(ranges).match(char) is not None


@functools.cache
def _set(ranges: str) -> re.Pattern[str]:
    """A pattern for one character of these ranges of code points; made when it is first needed."""
    ends = (part.partition("-") for part in ranges.split())
    return re.compile("[" + "".join(f"\\U{first:0>8}-\\U{last or first:0>8}" for first, _, last in ends) + "]")
