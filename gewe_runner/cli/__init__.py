"""The command line: options in, one call, an exit code out; the only place that prints."""

import sys

#: Command → what `--help` says of it. Each stands in the module of its name, loaded only when it is asked for.
COMMANDS = {
    "init": "Lay out a repository to start from.",
    "validate": "Tell every problem of campaigns, settings and lists.",
    "preview": "Draw the cards as their recipients will see them.",
    "plan": "Show who would get what, who would not and why.",
    "send": "Send what is still to be sent.",
    "status": "List the runs and how far they are.",
    "report": "Write the report of a run again.",
    "resolve": "Say what became of messages that nobody is sure of.",
    "pause": "Let a run begin no more messages for now.",
    "resume": "Let a paused run go on.",
    "cancel": "End a run for good.",
    "suppress": "Put somebody onto the list of who gets nothing.",
    "ledger": "Look at the ledger and take care of it.",
    "worker": "Carry out runs that were handed to workers.",
    "sandbox": "Play GeWe on this machine, to rehearse a campaign.",
    "doctor": "Check all that can be known before a send.",
    "schema": "Print a JSON Schema.",
}


def main() -> None:
    """Run the program and end the process with the contract's exit code."""
    try:
        from gewe_runner import starting

        starting.begin()  # before anything that takes a while to load
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    from gewe_runner.cli import ending, program

    sys.exit(ending.code_of(program.of(COMMANDS)))
