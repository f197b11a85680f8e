"""Checks a document against its schema and its rules, and makes a campaign or settings of it."""

from collections.abc import Iterable

from gewe_runner import errors
from gewe_runner.document import Document
from gewe_runner.model import Campaign, Device, Position, Profile, Settings
from gewe_runner.problems import Problems
from gewe_runner.rules import campaigns, secrets
from gewe_runner.rules import settings as settings_rules
from gewe_runner.rules.structure import MISSING_KEY, Finding
from gewe_runner.validate import build, structure


def settings(document: Document, problems: Problems) -> Settings:
    """The settings of a project.

    Raises:
        errors.InvalidError: The document has an error; all of its problems have been added.
    """
    found, root = _shape("settings", document)
    found += _sure(settings_rules.check(root), found)
    _tell(document, found, problems)
    return build.settings(document)


def campaign(document: Document, settings: Settings, profile: Profile, problems: Problems) -> Campaign:
    """The campaign of a file, as it can be sent through a profile.

    Raises:
        errors.InvalidError: The document has an error; all of its problems have been added.
    """
    found, root = _shape("campaign", document)
    parts = {name: part.text for name, part in document.parts.items()}
    found += _sure(campaigns.check(root, profile, parts), found)
    pace = root.get("send", {}).get("pace", {})
    wrong = list(settings_rules.pace(("send", "pace"), pace))
    found += wrong or campaigns.looser(build.limits(pace), _used(root, profile))
    _tell(document, found, problems)
    return build.campaign(document, settings.project, profile)


def namesake(document: Document, campaign: Campaign, other: str, problems: Problems) -> None:
    """Add the problem that another campaign file of the project, shown as `other`, has this campaign's name."""
    message = f'"{campaign.name}" is also the name of {other}; give one of the two another name'
    problems.add(campaigns.SAME_NAME.at(document.name, document.values.get(("name",)), message))


def _shape(schema: str, document: Document) -> tuple[list[Finding], campaigns.Root]:
    found = list(secrets.check(document.root))
    differences, root = structure.findings(schema, document.root, {finding.where for finding in found})
    return found + differences, root


def _sure(later: Iterable[Finding], found: list[Finding]) -> list[Finding]:
    """Without what may only seem to lack: a part that was found to have the wrong shape is no longer looked at."""
    left_out = [finding.where for finding in found if finding.rule is not MISSING_KEY]
    within = {where[:depth] for where in left_out for depth in range(len(where) + 1)}
    return [finding for finding in later if finding.lack not in within]


def _used(root: campaigns.Root, profile: Profile) -> tuple[Device, ...]:
    """The devices that the file names; those of the whole profile where it leaves the choice to its lists."""
    names = {name for _, name in campaigns.named_devices(root)}
    return tuple(device for name, device in profile.devices.items() if not names or name in names)


def _tell(document: Document, found: Iterable[Finding], problems: Problems) -> None:
    before = problems.met
    for finding in found:
        if finding.part:
            name, line = finding.part
            problems.add(finding.rule.at(document.parts[name].name, Position(line, 1), finding.message))
            continue
        file = document.file(finding.where)
        problems.add(finding.rule.at(file, _position(document, finding), finding.message))
    if count := problems.met - before:
        several = "s" if count > 1 else ""
        raise errors.InvalidError(
            f"{document.name} has {count} problem{several}", hint=f"gewe-runner validate {document.name}"
        )


def _position(document: Document, finding: Finding) -> Position:
    if finding.key or finding.where not in document.values:
        return document.position(finding.where)
    return document.values[finding.where]
