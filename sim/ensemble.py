"""Ensembles: the replicates of a scenario, and two scenarios under the same luck.

Runs are lived by `sim.run`, over the cores of this machine by `sim.pool`; results are put together in the order of the
replicates.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sim.config import Config, checked, nearest
from sim.contrast import Contrast, Precision
from sim.contrast.stopping import AUTO, check_outcome, last_year
from sim.outside import checked_model
from sim.pool import EnsembleError, Progress, cores, is_whole, run_all, store_all
from sim.results import Results
from sim.run import RunSpec, lived, simulate
from sim.tables import STATES, Tables, joined

if TYPE_CHECKING:
    from sim.model import CommunityModel

__all__ = [
    "EnsembleError", "Progress", "RunSpec", "check_pairs", "compare", "cores", "lived", "run_all", "run_ensemble",
    "simulate", "specs_of", "store_all", "with_one_area",
]  # fmt: skip


def run_ensemble(
    config: Config,
    replicates: int | None = None,
    workers: int | None = None,
    store: str | os.PathLike[str] | None = None,
    progress: Callable[[Progress], None] | None = None,
    record: Sequence[str] | None = None,
    model: type[CommunityModel] | None = None,
) -> Results:
    """Replicates of one scenario.

    Args:
        config: the scenario.
        replicates: how many; None for as many as the configuration says.
        workers: processes; None for as many as the configuration says.
        store: a folder in which finished runs are kept and found again; None for none.
        progress: told how far it is, a few times a second.
        record: states to keep, of ``residents`` and ``ties``; None for those that the configuration says.
        model: a subclass of `CommunityModel` with rules (``verbs``) or observables (``also``) of its own, which the
            results then have as columns. One that no file holds, as in a notebook or under ``__main__``, lives in this
            process alone and is not stored: put it into a module to use every core.

    Returns:
        Tidy frames, as in the results folder.

    Raises:
        EnsembleError: if ``replicates``, ``workers`` or ``record`` are not as above, or workers keep dying.
        FoundingError: if such a place cannot be kept as it is.
        OutputError: if the store cannot be written.
        TypeError: if ``config`` is not what `compose` makes.

    Examples:
        >>> from sim import compose, run_ensemble
        >>> config = compose(["place.residents=1500", "months=2"])
        >>> results = run_ensemble(config, replicates=2, workers=1)
        >>> results
        Results(2 runs, 4 rows; results, by_quintile, by_area, by_band, by_service, summary)
        >>> results.results[["replicate", "month", "venues_open"]].to_string(index=False).splitlines()[-1].split()
        ['1', '1', '3.0']
        >>> run_ensemble(config, replicates=0)
        Traceback (most recent call last):
        sim.pool.faults.EnsembleError: replicates is 0: a whole number is needed, and at least 1.

        An observable of one's own, over many runs:

        >>> from sim import CommunityModel
        >>> class Mine(CommunityModel):
        ...     also = {"most_hours": lambda model: model.state.residents.formal_hours.max()}
        >>> mine = run_ensemble(config, replicates=2, model=Mine)
        >>> row = mine.summary.set_index("outcome").loc["most_hours"]
        >>> int(row["replicates"]), bool(row["end"] > 20)
        (2, True)
    """
    specs = specs_of(config, replicates, record, model)
    return Results(joined(run_all(specs, workers=workers or config.workers, store=store, progress=progress)))


def specs_of(
    config: Config, replicates: int | None = None, record: Sequence[str] | None = None,
    model: type[CommunityModel] | None = None,
) -> list[RunSpec]:  # fmt: skip
    """The runs of one scenario, in order.

    Raises:
        EnsembleError: if ``replicates`` is no whole number from 1, ``record`` names what cannot be recorded, or
            ``model`` is no subclass of `CommunityModel`.
    """
    model = checked_model(model)
    count = checked(config).replicates if replicates is None else replicates
    if not is_whole(count, least=1):
        raise EnsembleError(f"replicates is {count!r}: a whole number is needed, and at least 1.")
    asked = config.record if record is None else (record,) if isinstance(record, str) else record
    for name in asked:
        if name not in STATES:
            raise EnsembleError(f"record names {name!r}, which cannot be recorded. {nearest(name, STATES)}")
    keep = tuple(name for name in STATES if name in asked)
    return [RunSpec(config, replicate, keep, model) for replicate in range(count)]


def compare(
    config_a: Config,
    config_b: Config,
    replicates: int | str = 20,
    workers: int | None = None,
    store: str | os.PathLike[str] | None = None,
    progress: Callable[[Progress], None] | None = None,
    models: tuple[type[CommunityModel] | None, type[CommunityModel] | None] = (None, None),
    precision: float | Precision | None = None,
) -> Contrast:
    """Two scenarios under the same luck, replicate by replicate.

    Args:
        config_a: the counterfactual.
        config_b: the scenario.
        replicates: how many pairs; or "auto", for as many as a precision asks for.
        workers: processes; None for as many as the first configuration says.
        store: a folder in which finished runs are kept and found again; None for none.
        progress: told how far it is, a few times a second.
        models: a class of one's own for the one and for the other, as `run_ensemble` takes it; None for the model's.
            With one configuration twice they put two accounts beside each other, under the same luck.
        precision: with ``replicates="auto"``, half the width that the 95% interval of the difference in unmet need is
            to have at most: a share. Or a `sim.contrast.Precision`, for another outcome, and for the least and the most
            pairs. `sim.contrast.stopping` tells the rule, by which the interval keeps its error rate.

    Returns:
        The contrast of scenario less counterfactual; with a precision, ``settled`` is the interval that was asked for.

    Raises:
        ConfigError: if a precision is out of its range, or of no outcome.
        EnsembleError: if the two differ in seed or in months, so that they cannot be paired; or as `run_ensemble`.
        TypeError: if one of the two is not what `compose` makes, or ``models`` are no two.

    Examples:
        >>> from sim import compare, compose
        >>> small = ["place.residents=1500", "months=3"]
        >>> asked = compose([*small, "policy=ready_meals", "policy.ready_meals.start=2007-04"])
        >>> contrast = compare(compose(small), asked, replicates=2, workers=1)
        >>> row = contrast.outcomes.set_index("outcome").loc["spend_nurture"]
        >>> int(row["pairs"]), float(row["counterfactual"]), float(row["difference"]) > 0
        (2, 0.0, True)
        >>> people = contrast.residents  # a row a resident and pair, as they stood at the end of both runs
        >>> len(people) >= 3000, sorted(people["lives_in"].unique())[0]
        (True, 'both')
        >>> {"strength_counterfactual", "strength_scenario"} <= set(contrast.ties)
        True

        As many pairs as it takes to be sure of unmet need to two percentage points:

        >>> from sim.contrast import Precision
        >>> sure = compare(compose(small), asked, replicates="auto", precision=Precision(0.02, least=5))
        >>> sure.settled.reached, sure.settled.high - sure.settled.low <= 0.04
        (True, True)

        A rule of one's own, beside the model without it:

        >>> from sim import CommunityModel
        >>> from sim.schedule import MONTH, Step
        >>> class strike:
        ...     @staticmethod
        ...     def advance(state, p, dice):
        ...         state.residents.pledged_hours[:] = 0.0
        >>> class Strike(CommunityModel):
        ...     verbs = (*MONTH, Step("rest", strike, "nobody gives in the month that comes", 0.0))
        >>> rested = compare(compose(small), compose(small), replicates=2, models=(None, Strike))
        >>> rested.names
        ('model CommunityModel', 'model Strike')
        >>> float(rested.outcomes.set_index("outcome").loc["hours_volunteer", "difference"]) < 0
        True
    """
    if not isinstance(models, Sequence) or len(models) != 2:
        raise TypeError(f"models is {models!r}: two are needed, one a side, as (None, MyModel). None is the model.")
    check_pairs([config_a, config_b])
    config_a, config_b = with_one_area([config_a, config_b])
    workers = workers or config_a.workers
    aim = _aim(replicates, precision, models)

    def lived_of(record: Sequence[str] | None, first: int, until: int) -> list[list[Tables]]:
        sides = zip((config_a, config_b), models, strict=True)
        specs = [spec for config, model in sides for spec in specs_of(config, until, record, model)[first:]]
        tables = run_all(specs, workers=workers, store=store, progress=progress)
        return [tables[: until - first], tables[until - first :]]

    def run(record: Sequence[str] | None, pairs: int) -> tuple[Results, Results]:
        one, other = lived_of(record, 0, pairs)
        return Results(joined(one)), Results(joined(other))

    called = ["CommunityModel" if model is None else model.__name__ for model in models]
    names = called[0], called[1]
    if aim is None:
        pairs: Any = replicates
        specs_of(config_a, pairs)  # refused before it is reckoned with
        return Contrast(*run(None, pairs), states=lambda: run(STATES, pairs), models=names)
    there, until, sides = 0, aim.least, list[list[Tables]]([[], []])
    while until > there:
        sides = [side + more for side, more in zip(sides, lived_of(None, there, until), strict=True)]
        differences = _differences(sides, aim)
        there, until = until, aim.pairs(differences)
    one, other = (Results(joined(side)) for side in sides)
    settled = aim.settled(differences)
    return Contrast(one, other, states=lambda: run(STATES, there), models=names, settled=settled)


def _aim(
    replicates: int | str, precision: float | Precision | None, models: Sequence[type[CommunityModel] | None]
) -> Precision | None:
    """What a precision asks for; None where replicates are a number.

    Raises:
        EnsembleError: if one of the two is given without the other.
    """
    if replicates != AUTO:
        if precision is not None:
            raise EnsembleError(f'precision is {precision!r}, and replicates is {replicates!r}: a precision is for '
                                'replicates="auto", which runs as many pairs as it asks for.')  # fmt: skip
        return None
    if precision is None:
        raise EnsembleError('replicates is "auto", which runs as many pairs as a precision asks for: give it one, as '
                            "precision=0.005 (half the width of the 95% interval of unmet need, a share).")  # fmt: skip
    aim = precision if isinstance(precision, Precision) else Precision(precision)
    if not any(models):  # a model of one's own may have outcomes of its own
        check_outcome(aim.outcome)
    return aim


def _differences(sides: Sequence[Sequence[Tables]], aim: Precision) -> list[float]:
    """Scenario less counterfactual of each replicate, in their order."""
    one, other = ([last_year(tables.results, aim.outcome) for tables in side] for side in sides)
    return [b - a for a, b in zip(one, other, strict=True)]


def with_one_area(configs: Sequence[Config]) -> list[Config]:
    """The scenarios, each told by the funded area of those that have one: it changes no bit of the whole.

    Only where all that have one have the same, and the places are otherwise alike.
    """
    places = [config.place.model_copy(update={"funded_area": 0}) for config in configs]
    areas = {config.place.funded_area for config in configs} - {0}
    if len(areas) != 1 or any(place != places[0] for place in places):
        return list(configs)
    area = {"place": places[0].model_copy(update={"funded_area": areas.pop()})}
    return [config.model_copy(update=area) for config in configs]


def check_pairs(configs: Sequence[Config]) -> None:
    """Raise `EnsembleError` unless the scenarios share what pairs them: seed and months."""
    configs = [checked(config) for config in configs]
    for name in ("seed", "months"):
        values = sorted({getattr(config, name) for config in configs})
        if len(values) > 1:
            raise EnsembleError(
                f"scenarios are compared under the same luck over the same months, but {name} is "
                f"{' in one and '.join(map(str, values))} in the other. Set {name} to the same in both."
            )
