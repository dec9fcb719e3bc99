"""``takestwo run``: one scenario, or with ``-m`` a sweep over several."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from textwrap import wrap

HELP = """usage: takestwo run [KEY=VALUE ...] [-m]

Runs one scenario, all replicates in parallel, and writes a results folder. Runs that were done before are found again
in the store and not done twice, so a run that was interrupted goes on where it was.

  place=england_average        place.residents=10000        how many adults live there, 1,500 to 1,000,000
  world=history|essay|flat     months=204                   what happens from outside, and for how long
  policy=none|nurture_early|...                             what is done; policy=[one,other] combines
  policy.NAME.dose=12   .start=2009-04   .months=60         £ a resident-year, from when, how long; and .where=all,
                                                            funded_area or the number of a neighbourhood; .payer,
                                                            .whom, .ramp, .taper, .overhead (takestwo odd tells them)
  rival=none|retreat|...       ablation=none|no_damage|...  another account, or a mechanism off, that begins alike
  volunteering.asked_share=0.5                              any parameter, by room and name
  draw=0                                                    which draw of all parameters from their ranges; 0 is the
                                                            stated values; a parameter that you set wins over the draw
  replicates=20   seed=1   workers=0                        runs, where their luck comes from, processes (0: all cores)
  record=[residents,ties]                                   keep states of the first and the last month too, and
                                                            draw the network of ties
  hydra.run.dir=FOLDER                                      where results go; else outputs/<date>/<time>
  store=FOLDER                                              where finished runs are kept; else outputs/.store
  -m   hydra.sweep.dir=FOLDER                               comma lists are a sweep: a sub-folder each scenario, and
                                                            the results of all together

examples:
  takestwo run world=essay policy=nurture_early place.residents=1500 months=36 replicates=2
  takestwo run -m world=flat,history place.residents=1500 months=24 replicates=1
  takestwo run -m draw=1,2 place.residents=1500 months=24 replicates=1
"""


GROUPS = ("place", "world", "policy", "rival", "ablation", "experiment")
"""As `sim.composition.CHOICES`, which would bring the whole model along: help is to be quick."""


def choices() -> str:
    """What each group has to choose from, for ``--help``: the names of the files of ``configs/``."""
    from sim.source import config_folder

    lines = ["", "to choose from:"]
    for group in GROUPS:
        names = ", ".join(sorted(path.stem for path in (config_folder() / group).glob("*.yaml")))
        lines += wrap(names, 96, initial_indent=f"  {group:<12}", subsequent_indent=" " * 14)
    return "\n".join([*lines, ""])


def main(words: Sequence[str]) -> int:
    """Run what the overrides ask for."""
    from sim.cli import folder, request, screen, work

    started = datetime.now(UTC)
    asked = request.read(words)
    done = work.run_points(asked, ["run", *words], started)
    out = screen.console()
    for point, results in zip(asked.points, done.results, strict=True):
        out.print(screen.outcomes(results, folder.title(point.config)))
    if asked.multirun:
        folder.write_several(asked.folder, asked.points, done.results, done.provenance)
        for number in range(len(asked.points)):
            work.report(asked.folder / str(number))
    else:
        folder.write_one(asked.folder, asked.points[0], done.results[0], done.provenance)
    work.report(asked.folder)
    work.say_where(out, asked, done)
    return 0
