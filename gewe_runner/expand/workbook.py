"""A workbook: which sheets it has, and what its cells mean."""

import contextlib
import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import IO
from xml.etree import ElementTree
from zipfile import ZipFile

from openpyxl.reader import excel
from openpyxl.styles import numbers
from openpyxl.utils import datetime as serials
from openpyxl.xml import constants

from gewe_runner.expand import cells, strings, values
from gewe_runner.expand.cells import Cell, Line, Merged

# A format without what it only prints: quoted and escaped characters, colours, currencies and locales.
_PRINTED = re.compile(r'"[^"]*"|[\\_*].|\[[^\]]*\]')
_DURATION = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_ZEROS = re.compile("0{2,}")

#: In seconds.
_DAY = 86_400

#: Formats without a text of their own, which Chinese, Japanese and Korean programs write: dates, and these are times.
_EASTERN = (*range(27, 37), *range(50, 59))
_EASTERN_TIMES = (32, 33, 34, 35, 55, 56)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet with cells."""

    name: str
    #: Its file within the workbook.
    part: str
    is_hidden: bool


class Workbook:
    """An open workbook.

    What is damaged raises, there and while it is read, what its library raises: `FAULTS` are all that does.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._parts = contextlib.ExitStack()
        reader = excel.ExcelReader(file, read_only=True, data_only=True, keep_links=False)
        self._archive: ZipFile = self._parts.enter_context(reader.archive)
        reader.read_manifest()
        reader.read_workbook()
        self._epoch = reader.wb.epoch
        found = reader.parser.find_sheets()
        self.sheets = [
            Sheet(sheet.name, relation.target, sheet.state != "visible")
            for sheet, relation in found
            if relation.Type.endswith("/worksheet")
        ]
        shared = reader.package.find(constants.SHARED_STRINGS)  # type: ignore[no-untyped-call]
        self._shared = shared.PartName.removeprefix("/") if shared else None
        self._strings: strings.Strings | None = None
        self._forms = tuple(_forms(self._archive))

    def __enter__(self) -> "Workbook":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._parts.close()

    def lines(self, sheet: Sheet) -> Iterator[Line | Merged]:
        """The rows of a sheet that hold something, and then what is merged in it."""
        with self._archive.open(sheet.part) as part:
            yield from cells.read(part)

    def text(self, cell: Cell) -> str:
        """What the cell holds, as text.

        Raises:
            values.ValueFault: it is an error, or has no value.
        """
        if cell.kind == "s":
            return self._shared_text(int(cell.content))
        if cell.kind in ("str", "inlineStr"):
            return strings.unescaped(cell.content)
        if cell.kind == "e":
            raise values.ValueFault(f"holds the error {cell.content}; correct it, or the formula that gives it")
        if not cell.content:
            raise values.ValueFault(
                "holds a formula without its result: a program wrote it that does not calculate; "
                "open the workbook in a spreadsheet program and save it"
            )
        if cell.kind == "b":
            return values.text(cell.content in ("1", "true"))
        if cell.kind == "d":
            return values.text(serials.from_ISO8601(cell.content))  # type: ignore[no-untyped-call]
        return self._number(cell.content, self._forms[cell.style] if cell.style < len(self._forms) else "")

    def _shared_text(self, number: int) -> str:
        if self._strings is None:
            self._strings = self._parts.enter_context(contextlib.closing(strings.Strings()))
            if self._shared:
                with self._archive.open(self._shared) as part:
                    self._strings.fill(part)
        return self._strings[number]

    def _number(self, content: str, form: str) -> str:
        number = int(content) if content.isdigit() else float(content)
        if not form:
            return values.text(number)
        if _ZEROS.fullmatch(form):
            text = values.text(number)
            return text.zfill(len(form)) if text.isdigit() else text
        try:
            return values.text(_moment(number, form, self._epoch))
        except (OverflowError, ValueError) as exc:
            raise values.ValueFault(f"is to be a date, and there is none of the number {content}; correct it") from exc


def _moment(
    number: float, form: str, epoch: datetime.datetime
) -> datetime.datetime | datetime.date | datetime.time | datetime.timedelta:
    """The moment that a number of days stands for; what it shows is what its format shows of it."""
    seconds = round(number * _DAY)  # a fraction of a day holds none exactly
    if form == "duration":
        return datetime.timedelta(seconds=seconds)
    if number < (0 if form == "time" else 1):
        raise ValueError
    # below a day it is a time
    moment = serials.from_excel((seconds % _DAY if form == "time" else seconds) / _DAY, epoch)
    assert moment is not None
    return moment.date() if form == "date" and isinstance(moment, datetime.datetime) else moment


def _forms(archive: ZipFile) -> Iterator[str]:
    """How the numbers of each style are meant: `date`, `time`, `datetime`, `duration`, leading zeros, or as numbers.

    Only that is read of the styles: what is broken in their colours and fonts breaks no list.
    """
    if constants.ARC_STYLE not in archive.namelist():
        return
    root = ElementTree.fromstring(archive.read(constants.ARC_STYLE))  # noqa: S314 - expat bounds what entities become
    codes: dict[int, str] = dict(numbers.BUILTIN_FORMATS)
    codes |= {number: "h:s" if number in _EASTERN_TIMES else "y-d" for number in _EASTERN}
    for element in root.iterfind("{*}numFmts/{*}numFmt"):
        codes[int(element.get("numFmtId", 0))] = element.get("formatCode", "")
    for element in root.iterfind("{*}cellXfs/{*}xf"):
        yield _form(codes.get(int(element.get("numFmtId", 0)), ""))


def _form(code: str) -> str:
    positive = code.split(";", maxsplit=1)[0]
    if _DURATION.search(positive):
        return "duration"
    bare = _PRINTED.sub("", positive).lower()
    if _ZEROS.fullmatch(bare):
        return bare
    has_time = "h" in bare or "s" in bare
    has_date = "y" in bare or "d" in bare or ("m" in bare and not has_time)
    return {(True, True): "datetime", (True, False): "date", (False, True): "time"}.get((has_date, has_time), "")
