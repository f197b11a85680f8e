"""What can be doubtful about recipients: rules that need the contacts of the devices."""

from gewe_runner import rules
from gewe_runner.model import Level

NOT_A_CONTACT = rules.declare(
    "not-a-contact",
    Level.WARNING,
    "The device's lists of contacts do not name these recipients, so their cards will probably be refused. It is no "
    "error: groups are named only where the account saved them to its address book, and what the gateway remembers may "
    "be ten minutes old.",
    example="doubtful: wxid_anna deleted the account shop-east; right: a list with those who are its friends today",
)
CONTACTS_UNKNOWN = rules.declare(
    "contacts-unknown",
    Level.NOTICE,
    "The gateway could not say who the contacts of a device are. For an account with many of them it takes longer than "
    "a request may; what it has found by then it remembers, so a second try a minute later often succeeds.",
    example="gewe-runner doctor fruit.yaml --check-contacts   # asks again",
)
