"""The gates: when failures stop a lane or a run; pure, the same for every engine."""

from gewe_runner.model import StopWhen

#: From so many outcomes on `failure_percent` is judged.
JUDGED_FROM = 20


def in_a_row(gates: StopWhen, failures: int) -> str:
    """Why a lane stops after so many failures in a row; empty: it does not."""
    limit = gates.failures_in_a_row
    if limit is None or failures < limit:
        return ""
    return f"{failures} failures in a row (stop_when.failures_in_a_row: {limit})"


def percent(gates: StopWhen, outcomes: int, bad: int) -> str:
    """Why a run stops after so many outcomes of its wave, of which so many were bad; empty: it does not."""
    limit = gates.failure_percent
    if limit is None or not bad or outcomes < JUDGED_FROM:
        return ""
    share = 100 * bad / outcomes
    return f"{share:.0f} % of the wave failed (stop_when.failure_percent: {limit:g})" if share >= limit else ""
