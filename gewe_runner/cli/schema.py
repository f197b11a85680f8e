"""`gewe-runner schema NAME`: a JSON Schema, for editors and other programs."""

import click

from gewe_runner import schemas


@click.command("schema")
@click.argument("name", type=click.Choice(schemas.NAMES))
def command(name: str) -> None:
    """Print the JSON Schema (draft-07) of campaign files, settings, plans or reports."""
    click.echo(schemas.text(name), nl=False)
