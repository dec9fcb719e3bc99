"""The layers of ties between those who act in a place, as networkx graphs.

Nodes are permanent ids: ``unique_id`` of residents and charities, the holder's id of officers. Everybody of the kinds
that a layer ties is a node, tied or not: all residents, the charities that are alive, and the officers who are in post.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import networkx as nx
import numpy as np

from sim.config import nearest
from sim.state import ALLIES, EMPTY, NOBODY, PARTNERS, SLOTS, State


def network(state: State, layer: str) -> nx.Graph:
    """One of `LAYERS` as a new graph; `sim.model.CommunityModel.network` says what is in each.

    Raises:
        ValueError: if there is no such layer.
    """
    if layer not in LAYERS:
        raise ValueError(f"there is no layer {layer!r}. {nearest(layer, LAYERS)}")
    graph = nx.Graph(layer=layer)
    LAYERS[layer](graph, state)
    return graph


def _residents(graph: nx.Graph, state: State) -> None:
    _add_residents(graph, state)
    ids, t = state.residents.id, state.ties
    held = np.flatnonzero(t.alter != EMPTY)
    _tie(graph, ids[held // SLOTS], ids[t.alter[held]], strength=t.strength[held], klass=t.klass[held])


def _membership(graph: nx.Graph, state: State) -> None:
    _add_residents(graph, state)
    _add_charities(graph, state)
    r = state.residents
    held = np.flatnonzero(r.belongs != NOBODY)
    in_role = (r.role[held] == r.belongs[held]).astype(np.int64)
    _tie(graph, r.id[held], state.charities.id[r.belongs[held]], strength=r.belonging[held], in_role=in_role)


def _officer_charity(graph: nx.Graph, state: State) -> None:
    _add_officers(graph, state)
    _add_charities(graph, state)
    t = state.partnerships
    held = np.flatnonzero((t.charity != EMPTY) & np.repeat(state.officers.filled == 1, PARTNERS))
    ends = state.officers.id[held // PARTNERS], state.charities.id[t.charity[held]]
    contacts = 1 + (t.second[held] != NOBODY)
    _tie(graph, *ends, strength=t.strength[held], contacts=contacts, born=t.born[held], used=t.used[held])


def _officer_resident(graph: nx.Graph, state: State) -> None:
    _add_officers(graph, state)
    _add_residents(graph, state)
    t = state.acquaintances
    known = (t.resident != EMPTY) & np.repeat(state.officers.filled == 1, PARTNERS)
    held = np.flatnonzero(known & (state.residents.id[t.resident] == t.who))  # some have left, and are not yet let go
    ends = state.officers.id[held // PARTNERS], t.who[held]
    _tie(graph, *ends, strength=t.strength[held], born=t.born[held], used=t.used[held])


def _charity_charity(graph: nx.Graph, state: State) -> None:
    _add_charities(graph, state)
    ids, t = state.charities.id, state.alliances
    held = np.flatnonzero(t.other != EMPTY)
    _tie(graph, ids[held // ALLIES], ids[t.other[held]], strength=t.strength[held], born=t.born[held])


LAYERS: dict[str, Callable[[nx.Graph, State], None]] = {
    "residents": _residents, "membership": _membership, "officer-charity": _officer_charity,
    "officer-resident": _officer_resident, "charity-charity": _charity_charity,
}  # fmt: skip
"""Every layer of ties, and what draws it."""


def _add_residents(graph: nx.Graph, state: State) -> None:
    r = state.residents
    _add(graph, "resident", r.id, neighbourhood=r.neighbourhood, x=r.x, y=r.y)


def _add_charities(graph: nx.Graph, state: State) -> None:
    c, alive = state.charities, np.flatnonzero(state.charities.alive)
    _add(graph, "charity", c.id[alive], neighbourhood=c.neighbourhood[alive], band=c.band[alive])


def _add_officers(graph: nx.Graph, state: State) -> None:
    o, filled = state.officers, np.flatnonzero(state.officers.filled)
    covers = {"first": o.first[filled], "last": o.last[filled]}
    _add(graph, "officer", o.id[filled], body=o.body[filled], service=o.service[filled], **covers)


def _add(graph: nx.Graph, kind: str, ids: Any, **columns: Any) -> None:
    """A node for each id, with its kind and one value of every column."""
    nodes = zip(ids.tolist(), _rows(columns), strict=True)
    graph.add_nodes_from((who, {"kind": kind, **given}) for who, given in nodes)


def _tie(graph: nx.Graph, ones: Any, others: Any, **columns: Any) -> None:
    """An edge for each pair of ids, with one value of every column."""
    graph.add_edges_from(zip(ones.tolist(), others.tolist(), _rows(columns), strict=True))


def _rows(columns: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for values in zip(*(column.tolist() for column in columns.values()), strict=True):
        yield dict(zip(columns, values, strict=True))
