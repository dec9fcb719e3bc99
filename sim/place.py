"""Place: what is known of a town before anything happens. Values and their sources lie in ``configs/place``."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

import numpy as np
import yaml  # type: ignore[import-untyped]
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, model_validator

from sim.checked import Checked, Shares, check_sum, number, words
from sim.source import config_folder
from sim.units import population

Share = Annotated[float, Field(ge=0.0, le=1.0, strict=True, json_schema_extra={"unit": "share"})]
FiveShares = tuple[Share, Share, Share, Share, Share]


NEED_NO_SOURCE = {"name", "title", "residents", "funded_area", "sources"}


class TenureShares(Shares):
    """Shares of homes."""

    owner: Share
    social: Share
    private: Share


class AgeShares(Shares):
    """Shares of adults by age."""

    from_16: Share
    from_35: Share
    from_65: Share


class Place(Checked):
    """A town as data.

    Quintiles run from 1, the most deprived fifth of England's neighbourhoods, to 5, the least.
    """

    name: str = words("what the place is called on the command line")
    title: str = words("what the place is called in text")
    residents: int = number(unit="adults", low=1_500, high=1_000_000, meaning="people of 16 and over")
    funded_area: int = number(
        0, unit="adults", low=0, high=1_000_000,
        meaning="people of 16 and over in the part of the place that is funded; 0: no part is")
    neighbourhood_people: float = number(
        unit="people", low=1_000, high=3_000, meaning="people of all ages in a neighbourhood")
    quintile_shares: Annotated[FiveShares, AfterValidator(check_sum)] = Field(
        description="shares of neighbourhoods in each fifth of deprivation, the most deprived first, in all 1")
    tenure_shares: TenureShares = Field(description="shares of homes that are owned, social or privately let: all 1")
    abc1_share: FiveShares = Field(description="share of adults in social grades A to C1, by quintile")
    age_shares: AgeShares = Field(description="shares of adults of 16 to 34, 35 to 64, and 65 and over, in all 1")
    charities_per_1000: float = number(
        unit="per 1,000 people", low=0.0, high=10.0, meaning="registered charities, a branch counted by its part")
    unregistered_per_registered: float = number(
        unit="ratio", low=0.0, high=10.0, meaning="groups on no register, beside registered charities")
    spend_per_head: float = number(
        unit="pounds a year", low=200.0, high=3_000.0, meaning="council spending a head of population at founding")
    other_income_share: float = number(
        unit="share", low=0.0, high=0.5, meaning="share of the council's income at founding that is fees and other")
    care_share: float = number(unit="share", low=0.2, high=0.8, meaning="share of council spending on care at founding")
    reserves_share: float = number(
        unit="share", low=0.0, high=1.0, meaning="the council's reserves at founding, in shares of a year's spending")
    sources: dict[str, str] = Field(description="where each value comes from")  # fmt: skip

    @model_validator(mode="after")
    def _sourced(self) -> Place:
        """No number without a source."""
        needed = [name for name in type(self).model_fields if name not in NEED_NO_SOURCE]
        if unknown := [name for name in self.sources if name not in type(self).model_fields]:
            raise ValueError(
                f"has a source for {', '.join(unknown)}, which no place has: its figures are {', '.join(needed)}"
            )
        if lacking := [name for name in needed if not self.sources.get(name, "").strip()]:
            raise ValueError(f"lacks a source for {', '.join(lacking)}: say under sources where the value comes from")
        return self

    @classmethod
    def schema_of_files(cls) -> dict[str, Any]:
        """The JSON schema of place files: what ``sim/data/place.schema.json`` holds."""
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | cls.model_json_schema()
        sourced = [name for name in cls.model_fields if name not in NEED_NO_SOURCE]
        schema["properties"]["sources"] |= {
            "required": sourced, "propertyNames": {"enum": list(cls.model_fields)},
            "additionalProperties": {"type": "string", "pattern": r"\S"},
        }  # fmt: skip
        return schema

    @classmethod
    @cache
    def named(cls, name: str) -> Place:
        """The place of that name in ``configs/place``.

        Raises:
            OSError: if there is none.
        """
        text = (config_folder() / "place" / f"{name}.yaml").read_text(encoding="utf-8")
        return cls(**yaml.safe_load(text))

    @property
    def neighbourhoods(self) -> int:
        """How many neighbourhoods the place has."""
        return max(1, round(population(self.residents) / self.neighbourhood_people))

    @property
    def quintiles(self) -> NDArray[np.int64]:
        """Quintiles of the neighbourhoods, by quota, the most deprived first: (neighbourhoods,)."""
        until = np.cumsum(self.quintile_shares)
        middles = (np.arange(self.neighbourhoods) + 0.5) / self.neighbourhoods
        return np.minimum(np.searchsorted(until, middles, side="right"), len(until) - 1) + 1

    @property
    def area_neighbourhoods(self) -> int:
        """How many neighbourhoods are funded: the first ones, at the centre. A larger area is the whole place."""
        if self.funded_area == 0:
            return 0
        return min(self.neighbourhoods, max(1, round(population(self.funded_area) / self.neighbourhood_people)))

    @property
    def area_residents(self) -> int:
        """Residents of the funded area, as it is made of whole neighbourhoods: as founding deals them, rounded up."""
        return -(-self.residents * self.area_neighbourhoods // self.neighbourhoods)

    @property
    def deprivation(self) -> float:
        """Mean deprivation, from 1 (all in the most deprived quintile) through 0 to -1 (all in the least)."""
        mean = 0.0
        for quintile, share in enumerate(self.quintile_shares, start=1):
            mean += quintile * share
        return (3.0 - mean) / 2.0
