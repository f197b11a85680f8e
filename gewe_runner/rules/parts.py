"""What can be wrong with the files that a campaign is put together from: cards and parts of templates."""

from gewe_runner import rules
from gewe_runner.model import Level

CARD = rules.declare(
    "card-file",
    Level.ERROR,
    "`use` names a YAML file with a card's keys, by its path from the campaign file. It lies inside the project, so "
    "that whoever reviews a campaign sees the whole of it, and uses no other file itself.",
    example="broken: card: {use: ../../cards/fruit.yaml}; right: card: {use: cards/fruit.yaml, title: 水果到家}",
)
TEMPLATE = rules.declare(
    "template-file",
    Level.ERROR,
    "`include` and `import` name a text file inside the project, by its path from the folder of gewe.yaml. It is "
    "UTF-8, has at most 16,384 characters, and is read before anything is rendered.",
    example="broken: {% include '/etc/motd' %}; right: {% include 'parts/greeting.txt' %}",
)
