"""Typed data that is checked when it is made: what places, worlds and policies have in common."""

from __future__ import annotations

import math
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationInfo, field_validator
from pydantic_core import PydanticUndefined

from sim.units import date_of, month_of

EPOCH = date(2007, 4, 1)


class Checked(BaseModel):
    """Data that cannot be changed, and in which an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _whole_numbers(cls, value: Any, info: ValidationInfo) -> Any:
        """1e4 is a whole number too."""
        wanted = cls.model_fields[str(info.field_name)].annotation
        return int(value) if wanted is int and isinstance(value, float) and value.is_integer() else value


def number(default: float = PydanticUndefined, *, unit: str, low: float, high: float, meaning: str) -> Any:  # type: ignore[assignment]
    """A number of checked data, with its unit, range and meaning; without a default it must be given."""
    return Field(default, ge=low, le=high, strict=True, description=meaning, json_schema_extra={"unit": unit})


def words(meaning: str) -> Any:
    """A text of checked data, with its meaning."""
    return Field(description=meaning)


def as_month(value: object) -> date:
    """A date, or a month written as 2009-04, as its first day.

    Raises:
        ValueError: if it is neither.
    """
    try:
        return value if isinstance(value, date) else date.fromisoformat(f"{value}-01")
    except ValueError as fault:
        raise ValueError("is no month; write a year and a month, as 2009-04") from fault


Month = Annotated[date, BeforeValidator(as_month), PlainSerializer(lambda day: f"{day:%Y-%m}", return_type=str)]
"""A month, written 2009-04, held as its first day."""


def fiscal_year(month: int, first: date) -> int:
    """The year in which the fiscal year of a 0-based month began: April 2007 to March 2008 is 2007.

    >>> fiscal_year(11, date(2007, 4, 1)), fiscal_year(12, date(2007, 4, 1))
    (2007, 2008)
    """
    return date_of(month_of(date_of(month, first), EPOCH) // 12 * 12, EPOCH).year


class Shares(Checked):
    """Named shares that sum to one."""

    def in_order(self) -> tuple[float, ...]:
        """The shares, in the order in which they are declared."""
        return tuple(getattr(self, name) for name in type(self).model_fields)

    def model_post_init(self, _context: Any) -> None:
        """Shares are of one whole.

        Raises:
            ValueError: if they are not.
        """
        check_sum(self.in_order())


def check_sum(shares: tuple[float, ...]) -> tuple[float, ...]:
    """The shares, if they sum to one.

    Raises:
        ValueError: if they do not.
    """
    total = math.fsum(shares)
    if abs(total - 1.0) > 1e-9:
        raise ValueError(f"are shares of one whole and must sum to 1; these sum to {total:.6g}")
    return shares
