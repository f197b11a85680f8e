"""Looks at everything that campaign files lead to, for `validate`: their settings, their lists and every card."""

import contextlib
import functools
from collections.abc import Sequence
from pathlib import Path

from gewe_runner import errors, expand, find, gather, split, watch
from gewe_runner.expand import Extent
from gewe_runner.plan.ids import Ids
from gewe_runner.problems import Problems
from gewe_runner.watch import Watch


def check_all(
    paths: Sequence[Path], profile: str | None, problems: Problems, extent: Extent, watched: Watch = watch.nobody
) -> int:
    """Add every problem of the files and of what they lead to; the number of campaigns that were looked at."""
    known, names, shelf = gather.Known(problems), find.Names(), expand.Shelf()
    for path in (one for one in paths if one.name == find.SETTINGS):
        known.at(path.absolute())
    found = gather.campaigns([one for one in paths if one.name != find.SETTINGS])
    for file in gather.of_folders(found):
        with contextlib.suppress(errors.InvalidError):
            known.of(file)  # here, since what helpers find in it is not told

    def check(files: Sequence[Path], problems: Problems, watched: Watch) -> None:
        for file in files:
            with contextlib.suppress(errors.InvalidError), Ids() as ids:
                loaded = gather.load_one(file, profile, known.of, names, problems)
                about = functools.partial(gather.about, loaded, extent)
                with watched(f"checking {loaded.campaign.name}", about) as seen:
                    gather.check(loaded, ids, problems, extent, seen, shelf)

    # what is asked for with secrets, or can be read but once, is not for several processes
    split.over(found, check, problems, watched, processes=None if extent is Extent.FILES else 1)
    return len(found)
