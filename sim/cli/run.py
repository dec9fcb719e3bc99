"""``takestwo run``: one scenario, or with ``-m`` a sweep over several."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from textwrap import wrap

from sim.cli import lived_here
from sim.workers import at_hand

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
                                                            the results of all together; more than 12 are told in
                                                            one table, and takestwo report makes the report of any
  -m   replicates=auto precision=0.005                      as many of each scenario as make its difference from the
                                                            first this sure (takestwo compare --help tells the rule)
  hydra/launcher=local|slurm|ray                            where runs are lived: the cores of this machine, or jobs of
                                                            a cluster (docs/cluster.md); hydra.launcher.partition=...
  -m   design=sobol|lhs|morris design.over=[ROOM,PARAMETER] points that sample ranges; .points=64, .seed=1, and of
       design=csv design.file=POINTS.csv                    morris .trajectories=10; or the points of a file

examples:
  takestwo run world=essay policy=nurture_early place.residents=1500 months=36 replicates=2
  takestwo run -m world=flat,history place.residents=1500 months=24 replicates=1
  takestwo run -m draw=1,2 place.residents=1500 months=24 replicates=1
"""


GROUPS = ("place", "world", "policy", "rival", "ablation", "experiment", "design")
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
    started = datetime.now(UTC)
    with at_hand(needed=lived_here(words) and ("replicates=1" not in words or bool({"-m", "--multirun"} & {*words}))):
        from sim.cli import folder, narrowing, request, screen, work
        from sim.pool import EnsembleError

        asked = request.read(words)
        done = work.run_points(asked, ["run", *words], started)
    out = screen.console()
    few = len(done.points) <= folder.FEW
    if few:
        for point, results in zip(done.points, done.results, strict=True):
            out.print(screen.outcomes(results, folder.title(point.config)))
    if asked.multirun:
        folder.write_several(asked.folder, done.points, done.results, done.provenance)
    else:
        folder.write_one(asked.folder, done.points[0], done.results[0], done.provenance)
    if not few:
        out.print(screen.sweep([point.name for point in done.points], folder.summaries(asked.folder)))
    if asked.precision and done.settled:
        narrowing.write(asked.folder, asked.precision, done.points, done.settled)
        for line in narrowing.told(asked.precision, done.points, done.settled):
            out.print(line, soft_wrap=out.is_terminal)
    if few:
        for number in range(len(done.points) if asked.multirun else 0):
            work.report(asked.folder / str(number))
        work.report(asked.folder)
    work.say_where(out, asked, done)
    if done.failed:
        many = f"{len(done.failed)} of {len(asked.points)} scenarios"
        told = f"{many} could not be run, and are left out of the results; the others are whole."
        raise EnsembleError("\n".join([told, *done.failed]))
    return 0
