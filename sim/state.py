"""The world as columns: every table, its shapes and units.

A table is a named tuple of arrays, one row an entity, so a kernel reads ``residents.trust_council[i]`` as the plain
hand reads ``resident.trust_council``. Columns are changed in place and never rebound. All state is float64 or integer.

Ties lie in owner slots: resident i owns the slots i * SLOTS to i * SLOTS + SLOTS - 1, so the owner is implied, each
tie is stored once, and a slot never moves. Sums over ties run in the order of the slots, in both hands.
"""

from __future__ import annotations

import copy
import dataclasses
import os
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim import flat_file
from sim.columns import read_in_place

Floats = NDArray[np.float64]
Ints = NDArray[np.integer[Any]]

SLOTS = 16
"""Ties that one resident can own. A resident is also the alter of ties that others own."""

KINDS = ("care", "practical", "company", "advice", "activity")
"""Kinds of need, in the order of every column that has one value a kind."""
CARE = 0
LIBRARIES, LIBRARY = 2, 0
"""The row of Services that runs libraries, and which of a neighbourhood's places to meet is its library."""

EMPTY, NOBODY = -1, -1
BONDING, WEAK, BRIDGING = 0, 1, 2
"""Classes of ties between residents."""

PARTNERS = 8
"""Charities, and residents, that one post can know."""
ALLIES = 4
"""Charities that one charity can seek out. It is also the ally of those that seek it."""
BANDS = 7
COUNCIL_BODY, HEALTH_BODY = 0, 1
NO_REORGANISATION, STRUCTURAL, RESTRUCTURE = 0, 1, 2
QUINTILES = 5
INSIDE, NEXT_DOOR, THE_REST = range(3)
AREAS = 3
"""Inside the funded area, next door to it, the rest of the place."""
TRUST_KNOTS = 11
QUANTILE_KNOTS = 257
STRONG = 0.5
"""Strength from which a tie is called strong."""
PARTNERED = 0.25
"""Strength from which an officer and a charity are called partners."""
SURVIVAL_MONTHS = 84
"""How far back ties are remembered: seven years, as in the survey of friendships."""


THIS_YEAR_AND_LAST = (1 << 13) - 1
"""This month and the twelve before it, a bit each."""


class Residents(NamedTuple):
    """Adults, 16 and over. A row passes to the replacement when its resident dies or leaves; ids never do."""

    id: Ints  # permanent, 63 bits
    generation: Ints  # how many lived in this row before
    arrived: Ints  # month
    neighbourhood: Ints  # row of Neighbourhoods
    tenure: Ints  # 0 owner, 1 social, 2 private; it belongs to the home, and so do x and y
    x: Floats  # kilometres, fixed for a home
    y: Floats  # likewise
    group: Ints  # social grade (0 ABC1, 1 C2DE) x age (0 16-34, 1 35-64, 2 65 and over): grade * 3 + age
    venue: Ints  # the place in the neighbourhood where people meet that this resident goes to
    civic: Floats  # standard normal: propensity to take a role
    occasional: Floats  # standard normal: propensity to help once
    devotion: Floats  # standard normal: formal hours
    warmth: Floats  # standard normal: hours for neighbours
    neighbourly: Floats  # standard normal: propensity to help neighbours
    voice: Floats  # standard logistic: inclination to feel influence
    skill: Floats  # mean 1: what an hour of this resident is worth beside another's
    ever: Ints  # 1 if ever a volunteer
    role: Ints  # row of the charity in which a role is held, or NOBODY
    role_since: Ints  # month of joining
    role_starts: Ints  # month of the first hours
    gives_to: Ints  # row of the charity to which the pledged hours go, or NOBODY
    pledged_hours: Floats  # formal hours pledged for the coming month
    formal_hours: Floats  # formal hours given this month
    spare_hours: Floats  # what is left of this month's time for neighbours
    helping_hours: Floats  # hours given to neighbours this month
    active_months: Ints  # bit m set: gave formal hours m months ago
    helped_months: Ints  # bit m set: helped a neighbour m months ago
    received_months: Ints  # bit m set: was helped by a neighbour m months ago
    met_neighbour: Ints  # 1 if met anybody of the neighbourhood this month
    planned_hours: Floats  # hours a month that this resident's ties plan to share
    belongs: Ints  # row of the charity that this resident has a tie with (the role's, or a membership), or NOBODY
    belonging: Floats  # strength of that tie, 0 to 1
    joint_hours: Floats  # formal hours that went into joint work this month
    hours_past: Floats  # (N, 12) formal and neighbourly hours of each calendar month of the last year
    need: Floats  # (N, kinds) hours of need arising this month
    met: Floats  # (N, kinds) hours of it met
    crisis: Floats  # hours of care a month that unmet prevention has turned into crisis
    trust_council: Floats  # 0 to 1
    trust_charity: Floats  # 0 to 1
    trust_council_first: Floats  # T(0): trust in the council on arrival
    trust_charity_first: Floats  # likewise in charities
    nurtured_hours: Floats  # hours of nurtured meeting this month
    outside_ask: Floats  # strength of the asks that come along no tie (organiser, publicity) this month
    unsupported_asks: Ints  # asks without support since trust last moved
    strain: Floats  # load that such asks add for this resident, beside the founding mean
    influence: Ints  # 1 if this resident feels able to influence local decisions


class Ties(NamedTuple):
    """Ties between residents in owner slots (N * SLOTS rows)."""

    alter: Ints  # row of the other resident, or EMPTY
    strength: Floats  # 0 to 1
    klass: Ints  # BONDING, WEAK, BRIDGING
    deepening: Ints  # 1 while a weak tie is taken up, until it is bonding
    born: Ints  # month
    hours: Floats  # hours shared this month


class Charities(NamedTuple):
    """Charities and unregistered groups, each the part that works in this place. Rows of closed ones are used again.

    Money in real pounds a month unless it says otherwise. A branch's books are the branch's: its part of the body's.
    """

    id: Ints  # permanent, 63 bits
    alive: Ints  # 1 while it works, 0 for a row that is free
    founded: Ints  # month
    closed: Ints  # month in which the row's last body closed
    neighbourhood: Ints  # row of Neighbourhoods where it is at home
    band: Ints  # 0 unregistered, 1 micro .. 6 super-major
    serves_place: Ints  # 1 if it serves the whole place, 0 if its own neighbourhood
    weight: Floats  # bodies that this row stands for: 1, or population / reach for a branch
    service: Ints  # row of Services whose contracts it holds
    quality: Floats  # as a broker between people and officers; 1 is the middle
    kinds: Floats  # (C, kinds) shares of its hours by kind of need
    paid_hours: Floats  # paid hours a month
    bought_hours: Floats  # paid hours that a policy's contract buys this month
    connecting_hours: Floats  # hours this month of a paid connector
    supported: Floats  # volunteers whose support a policy pays for this month
    joining_weight: Floats  # how often a newcomer to volunteering picks it, beside the others
    work_hours: Floats  # volunteer hours that its work asks for in a month
    load: Floats  # hours asked a month for each volunteer present, beside the founding mean
    private_base: Floats  # private income before luck, households, members and trust
    grants_base: Floats  # grants at the council's founding budget
    contracts_base: Floats  # contracts likewise
    luck: Floats  # log of this year's luck with private income
    private_income: Floats  # gifts, fees, trading and legacies this month
    grants: Floats  # from the state this month
    contracts: Floats  # from the state this month
    from_council: Floats  # of grants and contracts, what the council paid
    costs: Floats  # spending a month, set once a year
    rent_relief: Floats  # off this month's costs, from a shared asset
    reserves: Floats  # pounds
    deficits: Ints  # yearly accounts in deficit, one after the other
    income_past: Floats  # (C, 24) income of each of the last 24 months, by month modulo 24
    joint_staff_hours: Floats  # of paid_hours, what went into joint work and its co-ordination this month
    passed_on: Floats  # of this month's contracts, what was spent at once on hours that a policy bought
    asked_hours: Floats  # hours of its volunteers that running libraries takes this month


class Bands(NamedTuple):
    """What a new body of each income band is like (7 rows: 0 unregistered, 1 micro .. 6 super-major)."""

    income: Floats  # pounds a month of one row: the mean body's, or the branch's part of it
    private_share: Floats  # of income
    grants_share: Floats  # of income, grants of the state
    contracts_share: Floats  # of income, contracts with the state
    staff_share: Floats  # share of spending that pays for hours given here
    joining_weight: Floats  # how often a newcomer to volunteering picks such a body, beside the others
    wide: Ints  # 1 if it serves the whole place
    weight: Floats  # bodies that a row stands for
    kinds: Floats  # (7, kinds)
    members: Floats  # residents tied to a body, mean at founding
    births: Floats  # new bodies a month at founding
    close_chance: Floats  # a month, of a body that is solvent


class Council(NamedTuple):
    """All local government of the place in one (1 row). Money in real pounds."""

    population: Floats  # people of all ages
    core_founding: Floats  # core funding a year at founding
    other_founding: Floats  # fees and other income a year at founding
    care_share: Floats  # share of spending on care at founding
    discretionary_founding: Floats  # pounds a month
    reserves: Floats  # pounds
    reserves_target: Floats  # pounds: what the council holds when nothing presses
    spend_last_year: Floats  # pounds a year
    draw: Floats  # pounds a month drawn from reserves this year; negative: paid in
    income: Floats  # pounds this month, core and other
    spend_statutory: Floats  # pounds this month
    spend_discretionary: Floats  # pounds this month, grants to charities included
    section_114: Ints  # 1 in a year that ends, or begins, with reserves below nil
    reorganisation_due: Floats  # pounds of a reorganisation's cost still to be paid
    saved_share: Floats  # share of the budget that reorganisations have saved for ever; negative: cost
    culture: Floats  # 0 to 1: how far a culture programme, or parity at the top, has come
    openness: Floats  # share of discretionary hours opened to joint work, beside founding
    modes_differ: Ints  # 1 if contracts, grants and assets differ in kind, 0 if a pound is a pound


class Services(NamedTuple):
    """The council's services. Money in real pounds this month."""

    statutory: Ints  # 1 statutory, 0 discretionary
    share: Floats  # share of its block's spending
    sigma_ratio: Floats  # elasticity of substitution of its joint work, beside the general one
    kinds: Floats  # (S, kinds) shares of its hours by kind of need
    spend_founding: Floats  # pounds a month
    spend: Floats  # pounds this month, contracts included
    contracts: Floats  # of spend, paid to charities
    hours: Floats  # paid hours of the council's own staff this month
    joint_officer_founding: Floats  # L0: hours a month per 1,000 residents, in england_average
    joint_citizen_founding: Floats  # q0 V0 likewise
    joint_officer: Floats  # hours that its officers put into joint work this month
    joint_citizen: Floats  # hours that citizens put in
    joint_output: Floats  # hours of need that joint work could meet
    volunteers: Floats  # citizens in its joint work this month
    used: Floats  # hours of need that it met this month, alone and jointly
    joint_quality_founding: Floats  # q0: mean quality of the citizens' hours in joint_citizen_founding


class Neighbourhoods(NamedTuple):
    """Parts of the place, of about 1,700 people."""

    quintile: Ints  # deprivation: 1 most deprived .. 5 least
    x: Floats  # kilometres
    y: Floats  # likewise
    need_weight: Floats  # need of a resident beside the average place
    venues: Ints  # places to meet
    venues_open: Ints  # bit v set: place v is open this month
    picture_need: Floats  # 0 to 1: how well need here is known to those who allot hours
    picture_resources: Floats  # 0 to 1: how well it is known who could help here
    mapped_hours: Floats  # hours this month of joint mapping that a policy pays for
    groups_due: Floats  # groups that a policy's grants start here this month
    joint_officer: Floats  # hours that officers put into joint work here this month
    joint_citizen: Floats  # hours that citizens put in, by any route
    joint_charity: Floats  # paid charity hours put in
    joint_kinds: Floats  # (B, kinds) hours of need that joint work here can meet, by kind
    allotted: Floats  # share of the discretionary hours that this neighbourhood gets
    needed: Floats  # share of the place's need that arises here
    joint_routes: Floats  # (B, 3) of joint_kinds in all, by route: direct, brokered, charities' own
    area: Ints  # 0 inside the funded area, 1 next door to it, 2 the rest of the place
    protected_hours: Floats  # (B, S) hours of officers this month that a policy keeps for joint work, by service
    decides: Ints  # 1 if it is decided here what hours are needed here, 0 if by the authority
    library_run_by: Ints  # id of the charity that runs the library here, 0 while the council does


class Officers(NamedTuple):
    """Posts that are a body's contact with people and charities. A post is held by one officer after another."""

    id: Ints  # of the holder: permanent, a hash of post and generation
    post: Ints  # permanent id of the post
    generation: Ints  # how many held it before
    body: Ints  # COUNCIL_BODY or HEALTH_BODY
    service: Ints  # row of Services
    first: Ints  # rows of Neighbourhoods that the post covers, from first
    last: Ints  # to last, both included
    since: Ints  # month in which the holder came
    filled: Ints  # 1 if somebody holds it
    protected: Ints  # 1 if a policy paid for some of the holder's time this month


class Partnerships(NamedTuple):
    """Ties between an officer's post and a charity: PARTNERS slots a post, the post implied by the slot."""

    charity: Ints  # row of Charities, or EMPTY
    strength: Floats  # 0 to 1
    second: Ints  # row of the post whose holder is the second contact, or NOBODY
    born: Ints  # month
    used: Ints  # 1 if joint work ran along it last month


class Acquaintances(NamedTuple):
    """Ties between an officer's post and a resident: PARTNERS slots a post."""

    resident: Ints  # row of Residents, or EMPTY
    who: Ints  # id of that resident, who may have left
    strength: Floats  # 0 to 1
    born: Ints  # month
    used: Ints  # 1 if joint work ran along it last month


class Alliances(NamedTuple):
    """Ties between charities: ALLIES slots a charity, the charity implied by the slot."""

    other: Ints  # row of Charities, or EMPTY
    who: Ints  # its id
    strength: Floats  # 0 to 1
    born: Ints  # month


class Bodies(NamedTuple):
    """The bodies that employ officers (2 rows: council, health), and their reorganisations."""

    kind: Ints  # of the reorganisation that is announced: NO_REORGANISATION, STRUCTURAL or RESTRUCTURE
    strikes: Ints  # month in which it strikes
    stalled_until: Ints  # first month in which joint work is free again
    struck: Ints  # kind of the reorganisation that struck this month
    posts_founding: Ints  # posts filled when nothing presses


class Quintiles(NamedTuple):
    """What is fixed at founding for each deprivation quintile (5 rows)."""

    met_founding: Floats  # share of need met at founding: what people have come to expect


class TrustKnots(NamedTuple):
    """What is added to T(0) for the level to which trust returns, at even knots of T(0)."""

    council: Floats  # of trust in the council, at each knot
    charity: Floats  # of trust in charities, at each knot


class Quantiles(NamedTuple):
    """Quantile curves of T(0) at even knots."""

    council: Floats  # of trust in the council: a knot's share of residents arrive with less
    charity: Floats  # of trust in charities, likewise


class Classes(NamedTuple):
    """What is fixed at founding for each class of ties (3 rows)."""

    contexts_founding: Floats  # mean weight of the contexts that a tie has


class Constants(NamedTuple):
    """Numbers solved at founding (1 row), so that a place with nothing happening to it stays as it is."""

    join_rate: Floats  # k0 a month
    asking: Floats  # A0: founding mean of asking among those without a role
    load: Floats  # load0: hours asked a month for each volunteer present
    search_chance: Floats  # c a month
    take_up_chance: Floats  # c_up a month
    acceptance: Floats  # chance that a stranger of another group is accepted
    need_scale: Floats  # brings unmet need at founding to its stated share
    influence: Floats  # b0
    paid_hours: Floats  # paid council hours a month at founding, in all
    lapse_chance: Floats  # a month, of a tie with a charity in which no role is held
    partner_chance: Floats  # a month and free slot: a post finds a charity
    acquaint_chance: Floats  # a month and free slot: a post finds a resident
    ally_chance: Floats  # a month and free slot: a charity finds another
    group_chance: Floats  # a month: three strong ties found an unregistered group
    register_chance: Floats  # a month: a volunteer founds a registered charity
    unmet: Floats  # share of need unmet at founding
    joint_staff_founding: Floats  # L0 of the route between charities' own staff and citizens, hours per 1,000 residents
    joint_member_founding: Floats  # q0 V0 of that route
    help_scale: Floats  # 1, or what brings another account's neighbourly help to the main model's at month 0
    joint_scale: Floats  # likewise its joint work
    joint_first: Floats  # 1, or what its joint work is multiplied by in month 0 alone, against that month's luck
    council_scale: Floats  # likewise the hours that the council's pay buys
    charity_scale: Floats  # likewise the hours that charities' pay buys
    paid_before: Floats  # paid hours per 1,000 residents, mean of the 12 months before month 0
    unpaid_before: Floats  # unpaid hours likewise
    joint_member_quality_founding: Floats  # q0 of that route between charities' own staff and citizens


class Policies(NamedTuple):
    """Policies in force (a row each); money in real pounds."""

    id: Ints  # permanent: a hash of the name
    instrument: Ints  # as in `sim.policy.INSTRUMENTS`
    whom: Ints  # who is met first: as in `sim.policy.WHOM_FIRST`
    dose: Floats  # pounds a resident-year
    start: Ints  # month
    months: Ints  # length
    taper: Ints  # months over which it fades after its length
    ramp: Ints  # months over which it rises, while people are hired
    where: Ints  # row of the neighbourhood; -1 for all; below that, -1 less how many of the first rows
    payer: Ints  # 0 outside, 1 the council's discretionary spending
    overhead: Floats  # share of spending that the host takes
    balance: Floats  # pounds in hand
    received: Floats  # pounds this month
    spent: Floats  # pounds this month
    people: Floats  # what it bought this month: people met, asked or supported; grants; pounds matched; and so on


class World(NamedTuple):
    """What happens from outside, a row a month from month 0; months before are as row 0, those after as the last."""

    core_funding: Floats  # beside month 0
    other_income: Floats  # beside month 0
    care_demand: Floats  # beside month 0
    household: Floats  # household income beside month 0
    hardship: Floats  # multiplies need
    structural_rate: Floats  # structural reorganisations a year, by chance
    restructure_rate: Floats  # restructures a year, by chance
    health_rate: Floats  # reorganisations of the health body a year, by chance
    planned_council: Ints  # kind of reorganisation of the council planned to strike this month
    planned_health: Ints  # likewise of the health body
    meeting_ban: Ints  # 1 while meeting is banned


class Past(NamedTuple):
    """Counts of earlier months, row = month modulo the rows (SURVIVAL_MONTHS + 1)."""

    ties: Floats  # ties alive
    strong: Floats  # ties with w >= STRONG
    paid_hours: Floats  # hours of all paid work per 1,000 residents
    unpaid_hours: Floats  # formal and neighbourly hours likewise


class StrongTies(NamedTuple):
    """Which slots held a strong tie in earlier months (same rows as `Past`), one bit a slot."""

    bits: Ints  # bit s set: slot s of Ties held a strong tie in that month


@dataclass(repr=False)
class State:
    """One place at one moment: all that is needed to go on from here.

    Attributes:
        seed: the run seed.
        month: the month being lived; negative while the place is being founded.
    """

    seed: int
    month: int
    residents: Residents
    ties: Ties
    charities: Charities
    bands: Bands
    council: Council
    services: Services
    neighbourhoods: Neighbourhoods
    officers: Officers
    partnerships: Partnerships
    acquaintances: Acquaintances
    alliances: Alliances
    bodies: Bodies
    quintiles: Quintiles
    trust_knots: TrustKnots
    quantiles: Quantiles
    classes: Classes
    constants: Constants
    policies: Policies
    world: World
    past: Past
    strong_ties: StrongTies
    ledger: Floats

    def __repr__(self) -> str:
        return f"State(residents={len(self.residents.id)}, month={self.month}, seed={self.seed})"

    def fork(self) -> State:
        """A copy that shares nothing with this one."""
        return copy.deepcopy(self)

    @property
    def world_row(self) -> int:
        """The row of `World` that holds this month."""
        return min(max(self.month, 0), len(self.world.hardship) - 1)

    def save(self, path: str | os.PathLike[str], *, beside: str = "") -> None:
        """Write the whole state, and text ``beside`` it, to exactly ``path``, by a temporary file and a rename.

        Raises:
            OSError: if the file cannot be written; its folder must be there.
        """
        columns = {"ledger": self.ledger} | {f"{table}.{name}": column for table, name, column in self.columns()}
        flat_file.save(path, columns, {"seed": self.seed, "month": self.month, "beside": beside})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> State:
        """Read a state that `save` wrote.

        Raises:
            ValueError: if the file is not a saved state, or was saved by a version with other columns.
        """
        try:
            columns, words = flat_file.load(path)
            tables = {
                name: kind(*(columns[f"{name}.{column}"] for column in kind._fields)) for name, kind in TABLES.items()
            }
            return cls(seed=words["seed"], month=words["month"], **tables, ledger=columns["ledger"])
        except (KeyError, ValueError) as fault:
            raise ValueError(f"{path} is not a saved state of this version: {fault}") from fault

    @staticmethod
    def beside(path: str | os.PathLike[str]) -> str:
        """The text that `save` wrote beside a state; nothing if it wrote none."""
        return str(flat_file.load(path)[1]["beside"])

    def columns(self) -> list[tuple[str, str, Any]]:
        """Every column as (table, name, array), in a fixed order."""
        return [
            (table, name, column)
            for table in TABLES
            for name, column in zip(getattr(self, table)._fields, getattr(self, table), strict=True)
        ]


TABLES: dict[str, type[Any]] = {
    "residents": Residents, "ties": Ties, "charities": Charities, "bands": Bands, "council": Council,
    "services": Services, "neighbourhoods": Neighbourhoods, "officers": Officers, "partnerships": Partnerships,
    "acquaintances": Acquaintances, "alliances": Alliances, "bodies": Bodies, "quintiles": Quintiles,
    "trust_knots": TrustKnots, "quantiles": Quantiles,
    "classes": Classes, "constants": Constants, "policies": Policies, "world": World, "past": Past,
    "strong_ties": StrongTies,
}  # fmt: skip
"""The tables of a state, in order."""

for _table in TABLES.values():
    read_in_place(_table)

assert [f.name for f in dataclasses.fields(State)][2:-1] == list(TABLES)  # noqa: S101 - a table is named once

_SHORT = {
    "tenure", "group", "venue", "ever", "met_neighbour", "klass", "deepening", "band", "serves_place", "statutory",
    "section_114", "quintile", "instrument", "payer", "meeting_ban", "influence", "alive", "wide", "decides",
    "body", "filled", "kind", "struck", "planned_council", "planned_health", "whom", "modes_differ",
    "protected",
}  # fmt: skip
_WIDTH = {
    "need": len(KINDS), "met": len(KINDS), "kinds": len(KINDS), "joint_kinds": len(KINDS), "hours_past": 12,
    "income_past": 24, "joint_routes": 3,
}  # fmt: skip
_LONG = {"id", "post", "who", "library_run_by"}


def allocate(
    *, residents: int, charities: int, services: int, neighbourhoods: int, policies: int, world: int, flows: int,
    officers: int = 0, seed: int = 0, month: int = 0,
) -> State:  # fmt: skip
    """A state of the given numbers of rows with every column at zero, and every tie slot and role empty."""
    rows = {
        "residents": residents, "ties": residents * SLOTS, "charities": charities, "bands": BANDS,
        "council": 1, "services": services, "neighbourhoods": neighbourhoods, "officers": officers,
        "partnerships": officers * PARTNERS, "acquaintances": officers * PARTNERS, "alliances": charities * ALLIES,
        "bodies": 2, "quintiles": QUINTILES, "trust_knots": TRUST_KNOTS,
        "quantiles": QUANTILE_KNOTS, "classes": 3, "constants": 1, "policies": policies, "world": world,
        "past": SURVIVAL_MONTHS + 1, "strong_ties": SURVIVAL_MONTHS + 1,
    }  # fmt: skip

    widths = _WIDTH | {"protected_hours": services}

    def column(table: str, name: str, annotation: object) -> Any:
        if name == "bits":
            return np.zeros((rows[table], (rows["ties"] + 7) // 8), np.uint8)
        whole = np.int64 if name in _LONG else np.int8 if name in _SHORT else np.int32
        kind = np.float64 if "Floats" in str(annotation) else whole
        return np.zeros((rows[table], widths[name]) if name in widths else rows[table], kind)

    tables = {
        table: made(*(column(table, name, made.__annotations__[name]) for name in made._fields))
        for table, made in TABLES.items()
    }
    state = State(seed=seed, month=month, **tables, ledger=np.zeros(flows))
    state.ties.alter[:] = EMPTY
    state.residents.role[:] = NOBODY
    state.residents.gives_to[:] = NOBODY
    state.residents.belongs[:] = NOBODY
    for empty in (state.partnerships.charity, state.acquaintances.resident, state.alliances.other):
        empty[:] = EMPTY
    state.partnerships.second[:] = NOBODY
    return state
