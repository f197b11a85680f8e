"""What somebody writes who sends cards with a script of their own: a loop over the list, Jinja, a schema, JSON.

As a competent user writes it in half an hour: the templates are compiled once, before the loop; each row is
checked as the first page of jsonschema's documentation shows it.

    python script.py LIST.csv CARD.json SCHEMA.json
"""

import csv
import json
import sys
from pathlib import Path

import jinja2
import jsonschema

with open(sys.argv[2], encoding="utf-8") as file:  # noqa: PTH123 - as such scripts are written
    card = json.load(file)
schema = json.loads(Path(sys.argv[3]).read_text(encoding="utf-8"))
environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
templates = {field: environment.from_string(text) for field, text in card.items()}

with open(sys.argv[1], encoding="utf-8", newline="") as file:  # noqa: PTH123
    for row in csv.DictReader(file):
        payload = {field: template.render(minutes=29, **row) for field, template in templates.items()}
        payload["toWxid"] = row["wxid"]
        jsonschema.validate(payload, schema)
        print(json.dumps(payload, ensure_ascii=False))
