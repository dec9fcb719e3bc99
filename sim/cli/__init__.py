"""The command ``takestwo``: its first word says what to do, the others are Hydra overrides.

Nothing heavy is imported before it is known what is asked for. Faults of the user end in one message and exit 2.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from difflib import get_close_matches
from functools import partial
from importlib import import_module

OK, BAD_INPUT, INTERRUPTED = 0, 2, 130

COMMANDS = {
    "run": "one scenario, or with -m a sweep over several",
    "compare": "scenarios under the same luck, in pairs",
    "plan": "what a run or a sweep would cost, before it starts",
    "runs": "the store of finished runs: what it holds, whether it is sound, export",
    "odd": "the model described by the ODD+D protocol, from the code",
    "report": "the one-file report of a results folder, made anew",
    "place": "the places that are there; what is odd about one of your own",
    "profile": "where the time of a month goes, room by room",
    "verify": "fast and plain hands agree here, and the standard run is as published",
}
"""What is built, with one line each; each is a module of this package that has HELP and `main`."""

NOT_BUILT = (
    "hypotheses", "why", "validate", "calibrate", "sensitivity", "invest", "app", "trial",
)  # fmt: skip

HELP = """usage: takestwo COMMAND [KEY=VALUE ...]

What happens to a community's capacity when its council is cut, and what nurturing relationships buys.

{commands}

  takestwo COMMAND --help     what a command does, with an example
  takestwo --version

example: takestwo run world=essay policy=nurture_early place.residents=1500 replicates=4
"""


class UsageError(Exception):
    """A command line that cannot be followed, told in one message."""


def main(words: Sequence[str] | None = None) -> int:
    """Do what the command line says.

    Args:
        words: the command line without its first word; that of the process if none is given.

    Returns:
        0 on success, 2 on bad input, 130 on Ctrl-C; 1 where `verify` finds a difference, or
        `runs check` a file that is not sound.
    """
    command, *rest = list(sys.argv[1:] if words is None else words) or ["--help"]
    what = f"takestwo {command}".replace("takestwo --", "takestwo: --")
    return told(what, partial(_done, command, rest), last=words is None)


def told(what: str, act: Callable[[], int], *, last: bool) -> int:
    """Do it, and tell a fault of the user in one message.

    Args:
        what: what is done, to begin the message with.
        act: does it, and gives the code to end with.
        last: whether nothing is left then but to end the process with the code: pressed again, Ctrl-C does not get
            between.
    """
    try:
        return act()
    except KeyboardInterrupt as stopped:
        if last:
            with suppress(ValueError):  # not where signals are heard
                signal.signal(signal.SIGINT, signal.SIG_IGN)
        print(str(stopped) or "Interrupted.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # whoever read the output has gone, as in `takestwo run | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as fault:
        if not _is_told(fault):
            raise
        print(f"{what}: {fault}", file=sys.stderr)
        return BAD_INPUT


def _done(command: str, rest: Sequence[str]) -> int:
    if command in {"-h", "--help", "help"}:
        print(HELP.format(commands="\n".join(f"  {name:<10}{what}" for name, what in COMMANDS.items())), end="")
        return OK
    if command == "--version":
        from sim import __version__

        print(f"takestwo {__version__}")
        return OK
    if command not in COMMANDS:
        raise UsageError(_unknown(command))
    module = import_module(f"sim.cli.{command}")
    if {"-h", "--help"} & set(rest):
        print(module.HELP + getattr(module, "choices", str)(), end="")
        return OK
    code: int = module.main(rest)
    return code


def lived_here(words: Sequence[str]) -> bool:
    """Whether runs may be lived by several processes of this machine, as far as overrides tell before they are read."""
    away = any(word.startswith("hydra/launcher=") and word != "hydra/launcher=local" for word in words)
    return not away and "workers=1" not in words


def _unknown(command: str) -> str:
    built = f"There is {', '.join(COMMANDS)}."
    if command in NOT_BUILT:
        near = get_close_matches(command, COMMANDS, n=1, cutoff=0.8)
        return f"this command is not built yet. {f'Did you mean takestwo {near[0]}?' if near else built}"
    near = get_close_matches(command, [*COMMANDS, *NOT_BUILT], n=1)
    return f"unknown command. Did you mean takestwo {near[0]}?" if near else f"unknown command. {built}"


def _is_told(fault: Exception) -> bool:
    """Whether a fault is of the user's making, and tells what to do."""
    if isinstance(fault, UsageError):
        return True
    told = {"sim.config": "ConfigError", "sim.files": "OutputError", "sim.pool": "EnsembleError",
            "sim.founding": "FoundingError", "sim.store.frame": "ChoiceError"}  # fmt: skip
    kinds = [getattr(sys.modules[name], kind, ()) for name, kind in told.items() if name in sys.modules]
    return any(isinstance(fault, kind) for kind in kinds)
