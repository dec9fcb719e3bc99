"""Figures made small, to stand inside a page.

Words stay words, so that no letter is drawn; points of lines are given in tenths of a point, each from the one before.
"""

from __future__ import annotations

import base64
import io
import re

import matplotlib as mpl
from matplotlib.figure import Figure

from sim.report.figures import STYLE

NUMBERS = {"M": 2, "L": 2, "Q": 4, "C": 6, "z": 0}
"""How many numbers follow each command of a path."""


def embedded(figure: Figure) -> str:
    """A figure as an address that an image of a page may have."""
    made = io.StringIO()
    with mpl.rc_context({**STYLE, "svg.fonttype": "none"}):
        figure.savefig(made, format="svg", facecolor="white", metadata={"Date": None})
    svg = made.getvalue()
    svg = svg[svg.index("<svg") :].replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif")
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r' d="([^"]*)"', lambda found: f' d="{smaller(found[1])}"', svg)
    content = re.sub(r"\s+", " ", svg).encode()
    return f"data:image/svg+xml;base64,{base64.b64encode(content).decode()}"


def smaller(path: str) -> str:
    """A path with lines from point to point in tenths; runs in one direction are one line.

    >>> from sim.report.svg import smaller
    >>> smaller("M 10 20 L 12.04 20 L 14.04 20 L 14.04 25.26 z")
    'M10 20l4 0l0 5.3z'
    >>> smaller("M 10 -20 L 10.42 -20.3")
    'M10-20l.4-.3'
    """
    words, made = path.split(), list[str]()
    at = start = (0, 0)
    last: tuple[int, int] | None = None
    place = 0
    while place < len(words):
        command = words[place]
        numbers = [round(10.0 * float(word)) for word in words[place + 1 : place + 1 + NUMBERS[command]]]
        place += 1 + len(numbers)
        if command == "L":
            step = numbers[0] - at[0], numbers[1] - at[1]
            if step == last:
                made.pop()
            else:
                start = at
            made.append("l" + _written([numbers[0] - start[0], numbers[1] - start[1]]))
            last = step
        else:
            made.append(command + _written(numbers))
            last = None
        at = (numbers[-2], numbers[-1]) if numbers else at
    return "".join(made)


def _written(tenths: list[int]) -> str:
    """Numbers given in tenths, as short as a path may have them: a minus parts two numbers as a space does."""
    each = (re.sub(r"^(-?)0\.", r"\1.", f"{number / 10:.1f}".removesuffix(".0")) for number in tenths)
    return " ".join(each).replace(" -", "-")
