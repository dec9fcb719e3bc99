"""The launchers and their settings, checked: ``hydra/launcher=slurm hydra.launcher.partition=short``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from sim.checked import Checked, number
from sim.config import ConfigError, fault_of, nearest

KEY = "hydra.launcher."


class Local(Checked):
    """The cores of this machine; the setting ``workers`` is how many of them."""

    kind: Literal["local"]


class Slurm(Checked):
    """Jobs of SLURM, by submitit. Settings are called as in Hydra's own launcher for it."""

    kind: Literal["slurm"]
    partition: str = Field("", description="the partition; empty for the cluster's default")
    account: str = Field("", description="whom the hours are counted to; empty for your default")
    qos: str = Field("", description="the quality of service; empty for your default")
    constraint: str = Field("", description="features that a node must have; empty for none")
    exclude: str = Field("", description="nodes that are not to be used; empty for none")
    setup: tuple[str, ...] = Field((), description="lines of shell that each job begins with, as module load")
    job_min: float = number(15.0, unit="minutes", low=0.01, high=1440.0, meaning="work of a job, as it is planned")
    timeout_min: int = number(0, unit="minutes", low=0, high=43_200, meaning="time limit of a job; 0: by its work")
    cpus_per_task: int = number(1, unit="cores", low=1, high=256, meaning="cores of a job")
    mem_gb: float = number(0.0, unit="GB", low=0.0, high=4_000.0, meaning="memory of a job; 0 is as takestwo plan says")
    array_parallelism: int = number(256, unit="jobs", low=1, high=100_000, meaning="jobs that may run at once")


class Ray(Checked):
    """Tasks of Ray."""

    kind: Literal["ray"]
    address: str = Field("", description="of a cluster, as auto or 10.0.0.1:6379; empty starts Ray on this machine")
    num_cpus: int = number(0, unit="cores", low=0, high=1024, meaning="cores of a Ray started here; 0 is all")
    job_min: float = number(5.0, unit="minutes", low=0.01, high=1440.0, meaning="work of a job, as it is planned")
    cpus_per_task: int = number(1, unit="cores", low=1, high=256, meaning="cores of a job")
    mem_gb: float = number(0.0, unit="GB", low=0.0, high=4_000.0, meaning="memory of a job; 0 is as takestwo plan says")


Launcher = Local | Slurm | Ray
KINDS: dict[str, type[Local | Slurm | Ray]] = {"local": Local, "slurm": Slurm, "ray": Ray}


def check_launcher(said: Mapping[str, Any]) -> Launcher:
    """A launcher from plain data: its ``kind``, and settings.

    Raises:
        ConfigError: if anything in it is unknown, of the wrong type or out of range.

    Examples:
        >>> from sim.launchers import check_launcher
        >>> check_launcher({"kind": "slurm", "partition": "short"}).partition
        'short'
        >>> check_launcher({"kind": "slurm", "partitoin": "short"})
        Traceback (most recent call last):
        sim.config.ConfigError: hydra.launcher.partitoin is unknown. Did you mean hydra.launcher.partition?
    """
    kind = str(said.get("kind"))
    if kind not in KINDS:
        raise ConfigError(f"{KEY}kind is {kind}, and can be {', '.join(KINDS)}. {nearest(kind, KINDS)}")
    model = KINDS[kind]
    there = [name for name in model.model_fields if name != "kind"]
    for name in said:
        if name not in model.model_fields:
            if not there:
                raise ConfigError(f"{KEY}{name} is not used: hydra/launcher=local has no settings. Choose slurm or ray "
                                  "too, as hydra/launcher=slurm; processes of this machine are workers=4.")  # fmt: skip
            raise ConfigError(f"{KEY}{name} is unknown. {nearest(KEY + name, [KEY + each for each in there])}")
    try:
        return model(**_texts(model, said))
    except ValidationError as fault:
        raise ConfigError(f"{KEY}{fault_of(model, fault)}") from None


def _texts(model: type[BaseModel], said: Mapping[str, Any]) -> dict[str, Any]:
    """What stands where a text is due is one, as a partition called 2024; one line of setup is a list of one."""
    made = dict(said)
    for name, value in said.items():
        kind = model.model_fields[name].annotation
        if kind is str and isinstance(value, int | float):
            made[name] = str(value)
        elif kind not in {str, int, float} and isinstance(value, str) and name == "setup":
            made[name] = [value]
    return made
