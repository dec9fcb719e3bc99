"""``takestwo plan``: what a run or a sweep would cost, before it starts."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.cli.request import Request
    from sim.cost import Cost
    from sim.run import RunSpec

HELP = """usage: takestwo plan [KEY=VALUE ...] [-m]

Prints what takestwo run with the same words would do, and runs nothing: how many points (scenarios) and runs, how many
of these the store holds already, and what the others cost: hours of one core, time on the cores of this machine,
memory of each process and room on the disk; and in how many jobs, of how much memory, the launcher would hand them out.
Every point is checked. Times are by the pace of the store's earlier runs, where it has some, else by that of the
published benchmark.

examples:
  takestwo plan -m policy=none,nurture_early world=history,essay replicates=30
  takestwo plan -m design=sobol design.points=64 design.over=[ties.build,coproduction.sigma] replicates=10
  takestwo plan -m policy=none,nurture_early world=history,essay replicates=30 hydra/launcher=slurm
"""


def main(words: Sequence[str]) -> int:
    """Say what it would cost."""
    from sim.cli import request, screen
    from sim.cost import cost_of, size, span
    from sim.ensemble import specs_of
    from sim.launchers import Local
    from sim.pool import cores
    from sim.wording import plural

    asked = request.read(words)
    specs = [spec for point in asked.points for spec in specs_of(point.config)]
    workers = asked.points[0].config.workers or cores()
    cost, alone = (cost_of(specs, workers=n, store=asked.store) for n in (workers, 1))
    points = len(asked.points)
    out = screen.console()

    def say(text: str) -> None:
        out.print(text, soft_wrap=True, markup=False)

    say(f"Points     {points:,}: {' '.join(asked.points[0].overrides) or 'one scenario'}{' and so on' * (points > 1)}")
    first = " to begin with" if asked.precision else ""
    say(f"Runs       {len(specs):,}{first}, of which {cost.stored:,} are in {asked.store}")
    if asked.precision:
        most = points * asked.precision.most
        say(f"           then as many as these ask for, at most {most:,} in all; below is what the first cost")
    if cost.runs:
        here = f"; about {span(cost.seconds)} on {workers} {plural(workers, 'core')}"
        say(f"Time       {_hours(alone)} of one core{here if isinstance(asked.launcher, Local) else ''}, {cost.basis}")
        say(f"Jobs       {_jobs(asked, specs)}")
        say(f"Memory     {size(cost.memory)} of each process, at most")
        say(f"Disk       {size(cost.disk)} in the store and the results folder"
            + (f"; {size(cost.cache)} of founded towns in the cache" if cost.cache else ""))  # fmt: skip
    say(f"To run it  takestwo run {shlex.join(words)}".rstrip())
    return 0


def _jobs(asked: Request, specs: Sequence[RunSpec]) -> str:
    """In how many jobs the runs are handed out, how long one takes, and what memory it is given."""
    from sim.cost import span
    from sim.launchers import Local, jobs_of, memory_gb
    from sim.store import Store
    from sim.wording import plural

    launcher, store = asked.launcher, Store(asked.store)
    places = [place for place, spec in enumerate(specs) if not store.has(spec.run_id, spec.record)]
    jobs = jobs_of(launcher, places, specs, asked.store, asked.points[0].config.workers)
    told = f"{len(jobs):,} {plural(len(jobs), 'job')} of the launcher {launcher.kind}"
    told += f", of {span(max(job.seconds for job in jobs))} at most"
    if isinstance(launcher, Local):
        return told
    side = launcher.cpus_per_task
    needs = memory_gb(launcher, [specs[place] for place in places])
    return f"{told}, each given {side} {plural(side, 'core')} and {needs:.1f} GB of memory"


def _hours(cost: Cost) -> str:
    hours = cost.seconds / 3600.0
    return f"{hours:,.1f} hours" if hours >= 1.0 else f"{max(1, round(60.0 * hours))} min"
