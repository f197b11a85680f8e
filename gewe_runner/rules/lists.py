"""The rules of lists: where they may lie, how they are written, and what each row must hold."""

from gewe_runner import rules
from gewe_runner.model import Level

FILE = rules.declare(
    "list-file",
    Level.ERROR,
    "A list must be there, be an ordinary file and be readable by you. Its path is relative to the file that names it.",
    example="wrong: file: list/shanghai.csv\nright: file: lists/shanghai.csv",
)
OUTSIDE = rules.declare(
    "list-outside",
    Level.ERROR,
    "A list lies inside the project, the folder of gewe.yaml, also when a symbolic link leads to it: what a campaign "
    "sends must not depend on files that nobody reviews. Copy the list into the project.",
    example="wrong: file: ../../home/me/members.csv\nright: file: lists/members.csv",
)
FORMAT = rules.declare(
    "list-format",
    Level.ERROR,
    "A list's format follows from the ending of its name, and only some formats can be read.",
    example="wrong: file: lists/shanghai.doc\nright: file: lists/shanghai.csv",
)
ENCODING = rules.declare(
    "list-encoding",
    Level.ERROR,
    "A CSV list is UTF-8, or GB18030 throughout; a JSON list is UTF-8. Save the file again as UTF-8 "
    "(in a spreadsheet: CSV UTF-8), or correct the rows that are named.",
    example="wrong: rows of two encodings pasted into one file",
)
GB18030 = rules.declare(
    "list-gb18030",
    Level.NOTICE,
    "The list is not UTF-8 and was read as GB18030 (GBK), as spreadsheets in China save it. Check a few names in the "
    "preview; saving the list as UTF-8 removes all doubt.",
    example="read with this notice: 城市 as the bytes b3 c7 ca d0",
)
PACKED = rules.declare(
    "list-packed",
    Level.ERROR,
    "A list whose name ends in .gz is packed with gzip, whole and undamaged.",
    example="wrong: members.csv renamed to members.csv.gz\nright: gzip members.csv",
)
STDIN = rules.declare(
    "list-stdin",
    Level.ERROR,
    '`file: "-"` takes the list from standard input, which a shell connects with a file or another program.',
    example="right: crm-export | gewe-runner plan autumn.yaml",
)
LIBRARY = rules.declare(
    "list-library",
    Level.ERROR,
    "Workbooks and databases are read by libraries that are installed when they are wanted.",
    example="for .xlsx: pip install 'gewe-runner[xlsx]'\nfor a PostgreSQL database: pip install 'gewe-runner[sql]'",
)
WORKBOOK = rules.declare(
    "list-workbook",
    Level.ERROR,
    "An .xlsx list is a workbook as spreadsheet programs save it: not an old .xls, not protected by a password, not "
    "damaged.",
    example="wrong: members.xls renamed to members.xlsx",
)
SHEET = rules.declare(
    "list-sheet",
    Level.ERROR,
    "`sheet` names a sheet of the workbook; without it the first one that is not hidden is read.",
    example="wrong: {file: lists/members.xlsx, sheet: Sheet1}\nright: {file: lists/members.xlsx, sheet: 会员}",
)
OTHER_SHEETS = rules.declare(
    "list-other-sheets",
    Level.NOTICE,
    "The workbook has more than one sheet with something in it, and `sheet` does not say which is meant.",
    example="right: {file: lists/members.xlsx, sheet: 会员}",
)
CELL = rules.declare(
    "list-cell",
    Level.ERROR,
    "A cell whose value cannot be known is no value: an error such as #N/A, a formula that was never calculated, cells "
    "that are merged, a cell beside the columns that have names. Correct the sheet; nothing is guessed.",
    example="wrong: one cell 上海 merged over five rows\nright: 上海 in each of the five",
)
HIDDEN_ROWS = rules.declare(
    "list-hidden-rows",
    Level.WARNING,
    "Rows that a filter or somebody has hidden in a sheet are in the list. If they were filtered away because they "
    "shall get nothing, delete them, or say so with `where`.",
    example='right: where: city == "上海"',
)
SQL_ADDRESS = rules.declare(
    "sql-address",
    Level.ERROR,
    "The variable that `url_env` names holds the address of the database, wherever the list is read.",
    example="right: export CRM_URL=postgresql://reader:password@db.example.com/crm",
)
SQL_CONNECTION = rules.declare(
    "sql-connection",
    Level.ERROR,
    "The database has to be there, and to let this user in. Its own words say what is wrong; a password in them is "
    "masked.",
    example="wrong: the host of another network, an old password, a database that is not there",
)
SQL_QUERY = rules.declare(
    "sql-query",
    Level.ERROR,
    "The database cannot carry out the query. It is asked in a transaction that can write nothing.",
    example="wrong: select wxid from member\nright: select wxid from members",
)
SQL_VALUE = rules.declare(
    "sql-value",
    Level.ERROR,
    "A column of a list holds texts. Numbers, dates, true and false and null become text as the README says; an array, "
    "an object or bytes do not.",
    example="wrong: select wxid, tags from members\nright: select wxid, array_to_string(tags, ' ') tags from members",
)
UNREAD = rules.declare(
    "list-unread",
    Level.NOTICE,
    "`validate` reads files; standard input and databases only with --sources. `plan` and `preview` leave out a "
    "database whose address is not set, as in the job of a pull request, and the plan is not whole then. `send` reads "
    "all lists, or sends nothing.",
    example="read everything: CRM_URL=postgresql://... gewe-runner validate --sources",
)
BINARY = rules.declare(
    "list-binary",
    Level.ERROR,
    "The file is not text: often a workbook or an archive that was renamed. Export it as CSV UTF-8.",
    example="wrong: members.xlsx renamed to members.csv",
)
DELIMITER = rules.declare(
    "list-delimiter",
    Level.ERROR,
    "Columns are separated by commas in a .csv and by tabs in a .tsv; the name decides, nothing is guessed.",
    example="wrong: wxid;city in a .csv\nright: wxid,city",
)
HEADER = rules.declare(
    "list-header",
    Level.ERROR,
    "The first row names the columns: every column has a name, and no two have the same.",
    example="wrong: wxid,city,city\nright: wxid,city,home_city",
)
HEADER_SPACE = rules.declare(
    "list-header-space",
    Level.WARNING,
    "Spaces or invisible characters around a column's name were ignored. Remove them from the list.",
    example="wrong: wxid, city\nright: wxid,city",
)
ROW = rules.declare(
    "list-row",
    Level.ERROR,
    "Every row has as many fields as the header, blank ones at its end aside. A field that contains the separator must "
    "be in double quotes.",
    example='wrong: wxid_a,Shanghai, China\nright: wxid_a,"Shanghai, China"',
)
QUOTE = rules.declare(
    "list-quote",
    Level.ERROR,
    "A field that begins with a double quote ends with one, and a double quote within it is doubled. A quote that is "
    "never closed swallows the rows after it, so reading stops there.",
    example='wrong: wxid_a,"29 minutes\nright: wxid_a,"29 minutes"',
)
SIZE = rules.declare(
    "list-size",
    Level.ERROR,
    "A field has at most 131,072 characters and a line at most a million; beyond that it is no list of people, or a "
    "quote that was never closed.",
    example="wrong: a picture as base64 in a column",
)
JSON = rules.declare(
    "list-json",
    Level.ERROR,
    "A .jsonl list holds one JSON object a line. Its values are text, numbers, true, false or null, and no name stands "
    "twice in one object.",
    example='wrong: {"toWxid": "wxid_a", "address": {"city": "sh"}}\nright: {"toWxid": "wxid_a", "city": "sh"}',
)
EMPTY = rules.declare(
    "list-empty",
    Level.ERROR,
    "A list of recipients without a row means, nearly always, that an export failed. Remove it if it is meant.",
    example="wrong: a file that holds only toWxid,city",
)
COLUMNS = rules.declare(
    "list-columns",
    Level.ERROR,
    "`columns` maps our names to the list's, `ours: theirs`, and each of theirs must be a column of the list.",
    example="wrong: columns: {wxid: toWxid}\nright: columns: {toWxid: wxid}",
)
NO_ID = rules.declare(
    "list-no-id",
    Level.ERROR,
    "Every list says in the column `toWxid` who shall get the card. Rename the column, or say with `columns` what the "
    "list calls it.",
    example="right: columns: {toWxid: wxid}",
)
ID_EMPTY = rules.declare(
    "list-id-empty",
    Level.ERROR,
    "A row that is wanted has an id. Fill it in, delete the row, or leave such rows out with `where`.",
    example='right: where: toWxid != ""',
)
ID_TRIMMED = rules.declare(
    "list-id-trimmed",
    Level.NOTICE,
    "Spaces and invisible characters around ids, as copying from chats and tables adds them, were removed.",
    example="read as wxid_a: the same with a space before it or a zero-width space behind it",
)
ID_DAMAGED = rules.declare(
    "list-id-damaged",
    Level.WARNING,
    "Some ids are what a spreadsheet leaves of a long number or of a broken formula: 1.23E+17, digits that end in "
    "zeros from the 16th on, #N/A. They reach nobody, and in a suppression list they protect nobody. Format the column "
    "as text, paste the ids anew and export the list again.",
    example="damaged: 1.23457E+17, 123456789012345000, #REF!\nwhole: 123456789012345678, wxid_8kqzt0p1v7lm22",
)
WHERE = rules.declare(
    "list-where",
    Level.ERROR,
    "`where` is a Jinja expression over the row's columns and the list's `vars`; for every row it must give true or "
    'false. A text is neither: any text, also "no", would count as true.',
    example='wrong: where: opted_in\nright: where: opted_in == "yes"',
)
