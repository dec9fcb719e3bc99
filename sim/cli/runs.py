"""``takestwo runs``: what a store of runs holds, whether it is sound, and taking runs out of it, in both senses."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from sim.store import Runs, Store

HELP = """usage: takestwo runs list   [RUN ...] [KEY=VALUE ...]
       takestwo runs show   RUN, or what chooses one run alone
       takestwo runs drop   [RUN ...] [KEY=VALUE ...] [damaged] [--yes]
       takestwo runs check
       takestwo runs export FILE.csv|FILE.parquet [table=results] [RUN ...] [KEY=VALUE ...]

What the store of finished runs holds.

  list      how many runs there are of each scenario, and which settings are off the default
  show      one run: its settings, source, when it was made, headline numbers
  drop      says which runs would be dropped, and drops them with --yes
  check     looks at every file for what is cut short or altered; exit 0 if all are sound, 1 if not
  export    one table of all these runs, and a column for each setting in which they differ

RUN is the first digits of a run's name. KEY=VALUE, or KEY=ONE,OTHER, chooses runs by what they were asked for:

  place  world  policy  rival  ablation  draw  replicate  months  seed     policy=[one,other]: both together
  ties.build=0.4   policy.listening.dose=25                                any setting, by room and name
  source=this|other                                                        lived by this source, or by another: that is
                                                                           never found again, and may be dropped
  store=FOLDER                                                             which store; else outputs/.store
  table=results|by_quintile|by_area|by_band|by_service|residents|ties|runs what to export

A store is a folder of Parquet: R, DuckDB and pandas read results/*.parquet in it as it stands; in Python, open_store.

examples:
  takestwo run world=essay place.residents=1500 months=12 replicates=2
  takestwo runs list world=essay
  takestwo runs show world=essay months=12 replicate=0
  takestwo runs check
  takestwo runs export essay.csv world=essay months=12
  takestwo runs drop world=essay months=12
"""

WHAT = ("list", "show", "drop", "check", "export")
LINES = 30
"""Findings of one kind that are listed one by one."""
SILENCE_SECONDS = 10.0
DAMAGED = "damaged"


@dataclass(frozen=True)
class Asked:
    """A command line taken apart: runs by name and by filter, where from, and what it takes beside."""

    names: list[str]
    filters: dict[str, list[str]]
    store: Path
    yes: bool
    table: str

    @property
    def chooses(self) -> bool:
        """Whether it chooses at all."""
        return bool(self.names or self.filters)


def main(words: Sequence[str]) -> int:
    """Do what the second word says."""
    from sim.cli import UsageError, screen
    from sim.config import nearest
    from sim.store import Store

    what, *rest = list(words) or [""]
    if what not in WHAT:
        raise UsageError(f"{what or 'nothing'} is not what it does. {nearest(what, WHAT)}")
    asked = _read(rest, what)
    out = screen.console()
    if not asked.store.is_dir():
        if any(word.startswith("store=") for word in rest):
            raise UsageError(f"there is no store {asked.store}. Name one, as store=FOLDER.")
        out.print(f"There are no runs in {asked.store}. takestwo run makes some.", soft_wrap=True, markup=False)
        return 0
    if what == "check":
        return _check(Store(asked.store), out)
    return {"list": _list, "show": _show, "drop": _drop, "export": _export}[what](asked, out)


def _read(words: Sequence[str], what: str) -> Asked:
    from sim.cli import UsageError
    from sim.cli.request import OUTPUTS
    from sim.config import nearest
    from sim.tables import SCHEMAS

    flags = [word for word in words if word.startswith("-")]
    if wrong := [flag for flag in flags if flag != "--yes" or what != "drop"]:
        there = "There is --yes, and --help." if what == "drop" else "There is --help."
        raise UsageError(f"unknown flag {wrong[0]}. {there}")
    names = [word for word in words if "=" not in word and word not in flags]
    given = {key: value for key, _, value in (word.partition("=") for word in words if "=" in word)}
    if empty := [key for key, value in given.items() if not key or not value]:
        raise UsageError(f"{empty[0]}= has no value. Write {empty[0] or 'KEY'}=VALUE.")
    store, table = Path(given.pop("store", OUTPUTS / ".store")).expanduser(), given.pop("table", "results")
    if what == "check" and (names or given):
        raise UsageError(f"{[*names, *given][0]} is not used here: check looks at all of a store. Write store=FOLDER.")
    if table not in {*SCHEMAS, "runs"}:
        raise UsageError(f"table={table} is unknown. {nearest(table, [*SCHEMAS, 'runs'])}")
    return Asked(names, {key: _values(value) for key, value in given.items()}, store, bool(flags), table)


def _values(text: str) -> list[str]:
    """The values of a filter: of a list in brackets, all together are one."""
    if text.startswith("[") and text.endswith("]"):
        return ["+".join(part.strip() for part in text[1:-1].split(","))]
    return [part.strip() for part in text.split(",")]


def _chosen(asked: Asked) -> Runs:
    from sim.store import open_store

    runs = open_store(asked.store)
    return runs.where(asked.names, **asked.filters) if asked.chooses and len(runs) else runs


# List.


def _list(asked: Asked, out: Console) -> int:
    from sim.cli import scenarios

    runs = _chosen(asked)
    if not len(runs):
        out.print(f"No run in {asked.store} fits." if asked.chooses else f"There are no runs in {asked.store}.",
                  soft_wrap=True, markup=False)  # fmt: skip
        return 0
    out.print(scenarios.counted(runs, asked.store), soft_wrap=True, markup=False)
    out.print(scenarios.scenarios(runs))
    return 0


# Show.


def _show(asked: Asked, out: Console) -> int:
    from sim.cli import UsageError, scenarios, screen
    from sim.results import Results
    from sim.source import source_hash
    from sim.store import Store

    runs = _chosen(asked)
    if not asked.chooses or len(runs) != 1:
        some = ", ".join(runs.ids[:2])
        raise UsageError(f"one run is shown, and {len(runs):,} fit. Name one by its first digits"
                         + (f", as {some}." if some else "; takestwo runs list says what there is."))  # fmt: skip
    run, row = runs.ids[0], runs.runs.iloc[0]
    config, same = runs.config(run), row.source == source_hash()
    scenario = f"{row.place}, world {row.world}, policy {row.policy}"
    out.print(f"Run {run}: replicate {row.replicate} of {scenario}", soft_wrap=True, markup=False)
    settings = scenarios.Defaults().off(config)
    told = "not known here" if settings is None else " ".join(f"{n}={v}" for n, v in settings.items()) or "none"
    facts = {
        "settings off the default": told,
        "other names": ", ".join(f"{n} {row[n]}" for n in ("rival", "ablation") if row[n] != "none"),
        "length": f"{row.months} months",
        "model from outside": row.model,
        "seed of the run": f"{row.seed}, from seed={config.get('seed')} and the replicate",
        "source": f"{row.source}, " + ("the present one" if same else f"and not {source_hash()}, the present one: "
                                       "such a run is not found again"),
        "made": f"{row.made:%Y-%m-%d %H:%M} UTC",
    }  # fmt: skip
    for name, fact in facts.items():
        if fact:
            out.print(f"  {name:<26}{fact}", soft_wrap=True, markup=False)
    tables = Store(asked.store).get(run)
    if tables is None:
        out.print("It is damaged, and counts as absent: takestwo runs check says which files.")
        return 0
    out.print(screen.outcomes(Results(tables), "Headline numbers"))
    return 0


# Drop.


def _drop(asked: Asked, out: Console) -> int:
    from sim.cli import UsageError, scenarios
    from sim.store import Store, drop
    from sim.wording import plural

    store = Store(asked.store)
    if DAMAGED in asked.names:
        return _drop_damaged(asked, store, out)
    if not asked.chooses:
        raise UsageError("say which runs: by the first digits of their names, by settings as world=essay, those that "
                         "are damaged, or those of another source: takestwo runs drop source=other.")  # fmt: skip
    runs = _chosen(asked)
    count = f"{len(runs):,} {plural(len(runs), 'run')}"
    if not len(runs):
        out.print(f"No run in {asked.store} fits: nothing is dropped.", soft_wrap=True, markup=False)
    elif asked.yes:
        drop(store, runs.ids)
        out.print(f"Dropped {count} from {asked.store}.", soft_wrap=True, markup=False)
    else:
        out.print(f"This would drop {count} from {asked.store}:", soft_wrap=True, markup=False)
        out.print(scenarios.scenarios(runs))
        out.print(f"To drop them: {_again(asked)} --yes", soft_wrap=True, markup=False)
    return 0


def _drop_damaged(asked: Asked, store: Store, out: Console) -> int:
    from sim.cli import UsageError
    from sim.store import check, clear

    if len(asked.names) > 1 or asked.filters:
        raise UsageError("damaged is all that is damaged, and goes alone: takestwo runs drop damaged.")
    found = check(store, _tick())
    if found.is_sound:
        out.print(f"Nothing in {asked.store} is damaged.", soft_wrap=True, markup=False)
    elif asked.yes:
        clear(store, found)
        gone = f"Dropped what was left of {len(found.damaged):,} damaged runs from {asked.store}."
        out.print(gone, soft_wrap=True, markup=False)
    else:
        out.print(f"This would drop what is left of {len(found.damaged):,} damaged runs from {asked.store}, and clear "
                  "up runs that lie there twice.", soft_wrap=True, markup=False)  # fmt: skip
        out.print(f"To drop them: {_again(asked)} --yes", soft_wrap=True, markup=False)
    return 0


def _again(asked: Asked) -> str:
    """The command line that was given."""
    filters = [f"{name}={_written(name, values)}" for name, values in asked.filters.items()]
    return shlex.join(["takestwo", "runs", "drop", *asked.names, *filters, f"store={asked.store}"])


def _written(name: str, values: Sequence[str]) -> str:
    together = name == "policy" and len(values) == 1 and "+" in values[0]
    return f"[{values[0].replace('+', ',')}]" if together else ",".join(values)


# Check.


def _check(store: Store, out: Console) -> int:
    from sim.store import check
    from sim.store.soundness import FAULTY, PASSING
    from sim.wording import plural

    found = check(store, _tick())
    files, runs = f"{found.files:,} {plural(found.files, 'file')}", f"{found.runs:,} whole {plural(found.runs, 'run')}"
    verdict = "all are sound." if found.is_sound else "not all are sound."
    out.print(f"{files} in {store.folder}, {runs}: {verdict}", soft_wrap=True, markup=False)
    for kind, meaning in (FAULTY | PASSING).items():
        own = [finding for finding in found.findings if finding.kind == kind]
        if own:
            out.print(f"{kind}, {meaning}: {len(own):,} {plural(len(own), 'file')}", soft_wrap=True, markup=False)
        for finding in own[:LINES]:
            hit = f"  ({len(finding.runs):,} runs)" if len(finding.runs) > 1 else ""
            out.print(f"  {finding.path}{hit}", soft_wrap=True, markup=False)
        if len(own) > LINES:
            out.print(f"  and {len(own) - LINES:,} more", soft_wrap=True, markup=False)
    kinds = {finding.kind for finding in found.findings}
    if found.damaged:
        out.print(f"{len(found.damaged):,} {plural(len(found.damaged), 'run')} damaged: such count as absent, and are "
                  "run again when next asked for. takestwo runs drop damaged removes what is left of them, which other "
                  "programs would read.", soft_wrap=True, markup=False)  # fmt: skip
    if "strange" in kinds:
        out.print("Move what the store has not written to another folder: other programs would read it along.")
    if "twice" in kinds:
        out.print("Runs that lie there twice are cleared up by takestwo runs drop damaged.")
    out.print(f"Digest of all that is sound: {found.digest}", soft_wrap=True, markup=False)
    return 0 if found.is_sound else 1


def _tick() -> Any:
    """Say now and then how many files have been looked at, where it takes long."""
    from sim.cli import screen

    console, last = screen.console(error=True), [time.monotonic()]

    def tick(done: int, files: int) -> None:
        if time.monotonic() - last[0] > SILENCE_SECONDS:
            last[0] = time.monotonic()
            console.print(f"{done:,} of {files:,} files looked at", soft_wrap=True, markup=False)

    return tick


# Export.


def _export(asked: Asked, out: Console) -> int:
    from dataclasses import replace

    from sim.cli import UsageError
    from sim.store.export import KINDS, export
    from sim.wording import plural

    files = [name for name in asked.names if Path(name).suffix in KINDS]
    if len(files) != 1:
        wrong = f"{asked.names[0]} is none" if asked.names and not files else f"{len(files)} were given"
        raise UsageError(f"one file to write is needed, and {wrong}. Name it FILE.csv or FILE.parquet.")
    asked = replace(asked, names=[name for name in asked.names if name not in files])
    runs = _chosen(asked)
    if not len(runs):
        raise UsageError(f"no run in {asked.store} fits, so there is nothing to export.")
    path = Path(files[0]).expanduser()
    rows = export(runs, asked.table, path)
    if not rows:
        path.unlink()
        raise UsageError(f"these runs have no rows in {asked.table}. For residents and ties, run them with "
                         "record=[residents,ties]; by_area has rows where a place has a funded area.")  # fmt: skip
    made = f"{path}: {rows:,} rows of {asked.table}, of {len(runs):,} {plural(len(runs), 'run')}."
    out.print(made, soft_wrap=True, markup=False)
    return 0
