"""What can be wrong when the templates of a card meet the rows of a list."""

from gewe_runner import rules
from gewe_runner.model import Level

UNDEFINED = rules.declare(
    "template-undefined",
    Level.ERROR,
    "A template uses a name that this row does not give: neither a column of the list, nor a variable of the list, "
    "the campaign or the profile. Names are case-sensitive; where a name may be missing, say what stands for it.",
    example="broken: title: '{{ stor }}' with a column `store`; right: '{{ store }}', or '{{ stor | default(\"\") }}'",
)
VALUE = rules.declare(
    "template-value",
    Level.ERROR,
    "A template cannot be rendered with the values of this row: something does not go together (a text plus a number, "
    "a list where a text is wanted, none), or the work or the result is larger than any card needs.",
    example="broken: '{{ price + 1 }}' with a column `price`, whose values are text; right: '{{ price | int + 1 }}'",
)
PAYLOAD = rules.declare(
    "payload-schema",
    Level.ERROR,
    "What would be sent does not keep the API's schema: seven texts, none of them empty.",
    example="broken: no userName; right: userName: gh_690acf47ea05@app",
)
HIDDEN = rules.declare(
    "column-hides-variable",
    Level.NOTICE,
    "A column of the list has the name of a variable. Templates get the row's value, so the variable has no effect in "
    "this list. If that is not meant, rename one of them.",
    example="vars: {city: sh} and a column `city`: templates see the column",
)
UNUSED_VARIABLE = rules.declare(
    "unused-variable",
    Level.NOTICE,
    "A variable is used by no template of the card or its variants and by no `where`. Often its name is misspelt "
    "either here or there.",
    example="vars: {minuts: 29} and title: '{{ minutes }} min'",
)
UNUSED_COLUMN = rules.declare(
    "unused-column",
    Level.NOTICE,
    "The list has columns that nothing uses: no template, no `where`, no `columns`. That is no fault; it helps to find "
    "a template that was forgotten, and personal data that need not lie in the project.",
    example="a list with wxid, store, phone where no template says {{ phone }}",
)
