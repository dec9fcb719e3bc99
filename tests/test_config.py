from __future__ import annotations

import pickle
import re
from datetime import date
from functools import cache
from typing import Any

import pytest
from hydra.errors import HydraException
from omegaconf import OmegaConf

from sim import compose
from sim.composition import ACCOUNTS, GROUPS, _composed, config_folder, options, title_of
from sim.config import Config, ConfigError, parameters_of, registry
from sim.ensemble import RunSpec
from sim.founding import constants_file, town_file
from sim.parameters import GROUPS as ROOM_GROUPS, REGISTRY, ROOMS
from sim.place import Place
from sim.policy import Policy, rows
from sim.switches import SWITCHES
from sim.units import date_of
from sim.world import WorldSpec

DEFAULT = compose([])


@cache
def composed(*overrides: str) -> Config:
    """As `compose`, once for all the tests that ask for it."""
    return compose(overrides)


def refused(*overrides: str) -> str:
    """What is said of overrides that cannot be run; one line, with no traceback in it."""
    with pytest.raises(ConfigError) as fault:
        compose(overrides)
    assert "\n" not in str(fault.value)
    assert fault.value.__cause__ is None
    return str(fault.value)


def test_the_default_run() -> None:
    assert DEFAULT.scenario == {
        "place": "england_average", "world": "history", "policy": "none", "rival": "none", "ablation": "none",
    }  # fmt: skip
    assert (DEFAULT.months, DEFAULT.replicates, DEFAULT.workers, DEFAULT.draw) == (204, 20, 0, 0)
    assert DEFAULT.place.residents == 10_000


def test_every_room_has_its_parameters() -> None:
    for room, made in ROOMS.items():
        assert getattr(DEFAULT, room) == parameters_of(DEFAULT, room) == made()
    with pytest.raises(AttributeError, match="picture"):
        _ = DEFAULT.picture  # a group under which rooms' numbers are set, and no room


@pytest.mark.parametrize("path", sorted(REGISTRY))
def test_every_parameter_takes_its_ends_and_nothing_beyond(path: str) -> None:
    entry = registry()[path]
    group, name = path.split(".")
    start = DEFAULT.resolved()
    assert start[group][name] == entry.default
    start[group][name] = entry.low - 1
    with pytest.raises(ConfigError, match=path.replace(".", r"\.")) as fault:
        Config.check(start)
    assert entry.is_switch or (", ".join(entry.options) or entry.unit) in str(fault.value)
    for value in entry.options or ((False, True) if entry.is_switch else (entry.low, entry.high)):
        start[group][name] = value
        if path not in CAUGHT_TOGETHER:
            assert getattr(Config.check(start).rooms[entry.room], entry.field) == value


CAUGHT_TOGETHER = {"need.crisis_kept", "need.crisis_chance", "need.crisis_ratio"}
"""Parameters whose ends are refused where the others stand at their centres."""


@pytest.mark.parametrize(
    ("overrides", "value", "where"),
    [
        (["volunteering.asked_share=.5"], 0.5, "volunteering.asked_share"),
        (["volunteering.waiting_months=3"], 3, "volunteering.waiting_months"),
        (["funding.cuts=false"], False, "funding.cuts"),
        (["place.residents=20000"], 20_000, "place.residents"),
        (["place.residents=2e4"], 20_000, "place.residents"),
        (["world=flat", "months=600"], 600, "months"),
        (["world=flat", "world.hardship_slope=0"], 0.0, "world.hardship_slope"),
        (["seed=7"], 7, "seed"),
        (["record=[ties,residents]"], ("ties", "residents"), "record"),
    ],
)
def test_an_override_lands(overrides: list[str], value: Any, where: str) -> None:
    found: Any = compose(overrides)
    for part in where.split("."):
        found = getattr(found, part)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("overrides", "names"),
    [
        (["policy=none"], []),
        (["policy=nurture_early"], ["nurture_early"]),
        (["policy=[ready_meals,nurture_early]"], ["ready_meals", "nurture_early"]),
        (["policy=[none,nurture_late]"], ["nurture_late"]),
    ],
)
def test_policies_combine_in_the_order_given(overrides: list[str], names: list[str]) -> None:
    config = compose(overrides)
    assert list(config.policy) == names
    assert config.scenario["policy"] == ("+".join(names) or "none")


def test_one_value_of_a_policy_changes() -> None:
    both = "policy=[nurture_early,ready_meals]"
    config = compose([both, "policy.nurture_early.dose=50", "policy.ready_meals.taper=6"])
    assert config.policy["nurture_early"].dose == 50.0
    assert config.policy["ready_meals"].dose == 12.0
    columns = rows(config.policy, config.world.first_month)
    assert columns["instrument"].tolist() == [0, 1]
    assert columns["start"].tolist() == [24, 24]
    assert columns["taper"].tolist() == [0, 6]
    assert columns["where"].tolist() == [-1, -1]
    assert len(set(columns["id"])) == 2


BAD = [
    ("place.residents=300", "place.residents is 300", "from 1,500 to 1,000,000 (adults)"),
    ("place.residents=many", "place.residents is 'many'", "whole numbers"),
    ("place.residents=true", "place.residents is True", "whole numbers"),
    ("place.residnts=3000", "place.residnts is unknown", "Did you mean place.residents?"),
    ("place.tenure_shares.owner=.7", "place.tenure_shares", "must sum to 1; these sum to 1.02"),
    ("place.abc1_share=[.1,.2,.3,.4,5]", "place.abc1_share.4 is 5", "from 0 to 1 (share)"),
    ("place.abc1_share=[.1,.2]", "place.abc1_share.2 is missing", ""),
    ("place=england_averag", "place=england_averag is unknown", "Did you mean england_average?"),
    ("place=northern_twn", "place=northern_twn is unknown", "Did you mean northern_town?"),
    ("place=null", "unknown", "There is county"),
    ("world=flt", "world=flt is unknown", "Did you mean flat?"),
    ("world=next_decad", "world=next_decad is unknown", "Did you mean next_decade"),
    ("world=[flat,history]", "names several", "one world a run"),
    ("world=flat,history", "names several scenarios", "-m"),
    ("policy=none,nurture_early", "names several scenarios", "takestwo compare"),
    ("months=range(1,3)", "names several scenarios", "-m"),
    ("policy=localsm", "policy=localsm is unknown", "Did you mean localism?"),
    ("policy=[nurture_early,localsm]", "policy=localsm is unknown", "Did you mean localism?"),
    ("policy.nurture_early.dose=50", "policy.nurture_early is not chosen", "Choose it too, as policy=nurture_early"),
    ("policy.mine.title=x", "there is no policy mine", "There is asset_based"),
    ("policy=nurture_early+contracts", "is unknown", "To combine policies write policy=[nurture_early,contracts]."),
    ("months=£5", "Cannot read 'months=£5'", "Write numbers without a sign or a comma, as 50."),
    ("rival=chrun", "rival=chrun is unknown", "Did you mean churn?"),
    ("ablation=cuts", "ablation=cuts is unknown", "Did you mean no_cuts?"),
    ("rival=[churn,retreat]", "names several", "one rival a run"),
    ("draw=-1", "draw is -1", "0 is the centre"),
    ("draw=1.5", "draw is 1.5", "whole numbers from 0"),
    ("coproduction.sigma=.2", "coproduction.sigma is 0.2", "from 0.3 to 20"),
    ("picture.on=maybe", "picture.on is 'maybe'", "true or false"),
    ("picture.off=true", "picture.off is unknown", "picture.on"),
    ("funding.decide_at=neighborhood", "funding.decide_at is 'neighborhood'", "Did you mean neighbourhood?"),
    ("months=0", "months is 0", "from 1 to 600 (months)"),
    ("months=205", "months is 205", "world=history has 204"),
    ("months=long", "months is 'long'", "whole numbers"),
    ("month=3", "month is unknown", "Did you mean months?"),
    ("triadic_share=0", "triadic_share is unknown", "Did you mean ties.triadic_share?"),
    ("seed=-1", "seed is -1", "from 0"),
    ("record=[tie]", "record.0 is 'tie'", "Did you mean ties?"),
    ("volunteering.asked_share=2", "volunteering.asked_share is 2", "from 0.4 to 0.6 (share)"),
    ("volunteering.asked_share=.nan", "volunteering.asked_share is", "from 0.4 to 0.6 (share)"),
    ("volunteering.asked_share=lots", "volunteering.asked_share is 'lots'", "from 0.4 to 0.6 (share)"),
    ("volunteering.waiting_months=1.5", "volunteering.waiting_months is 1.5", "whole numbers from 0 to 3 (months)"),
    ("volunteering.asked_shar=.5", "volunteering.asked_shar is unknown", "Did you mean volunteering.asked_share?"),
    ("voluntering.asked_share=.5", "voluntering.asked_share is unknown", "Did you mean volunteering.asked_share?"),
    ("volunteering=3", "volunteering is a room", "volunteering.NAME=VALUE"),
    ("funding.cuts=2", "funding.cuts is 2", "true or false"),
    ("+typo=5", "typo is unknown", "volunteering"),
    ("foo", "Cannot read 'foo'", "group=option or key=value"),
    ("=3", "without a name", "group=option or key=value"),
    ("a b=[3", "Cannot read", "group=option or key=value"),
    ("~world", "world.name is missing", ""),
    ("title=x", "title is unknown", "place.title or world.title"),
    ("place.title=${nope}", "nope", ""),
    ("need.crisis_chance=.1", "crisis", "lower one of the three"),
]


@pytest.mark.parametrize(("override", "what", "advice"), BAD)
def test_bad_input_is_one_clear_message(override: str, what: str, advice: str) -> None:
    said = refused(override)
    assert what in said
    assert advice in said


POLICY = "policy=nurture_early"


@pytest.mark.parametrize(
    ("override", "what", "advice"),
    [
        ("dose=501", "is 501", "from 0 to 500 (pounds a resident-year)"),
        ("doze=50", "policy.nurture_early.doze is unknown", "Did you mean policy.nurture_early.dose?"),
        ("instrument=organizers", "is 'organizers'", "Did you mean organisers?"),
        ("start=2009", "is no month", "as 2009-04, or whole months after the world's month 0, as 24"),
        ("start=24.5", "is no month", "as 2009-04, or whole months"),
        ("start=true", "is no month", "as 2009-04, or whole months"),
        ("start=soon", "is no month", "as 2009-04"),
        ("start=2030-04", "would never start", "2007-04 to 2024-03"),
        ("start=2006-04", "would never start", "2007-04 to 2024-03"),
        ("start=204", "start is 2024-04", "date in the run, as 2007-04, or whole months after month 0, from 0 to 203"),
        ("start=-1", "start is 2007-03", "from 0 to 203"),
        ("where=7", "neighbourhoods 0 to 6", "or all"),
        ("where=north", "is no part of a place", "write all"),
        ("where=funded", "is no part of a place", "Did you mean funded_area?"),
        ("where=-1", "is no part of a place", "write all"),
        ("payer=nobody", "is 'nobody'", "outside, council"),
        ("overhead=.5", "is 0.5", "from 0.1 to 0.2 (share)"),
    ],
)
def test_a_bad_policy_is_one_clear_message(override: str, what: str, advice: str) -> None:
    said = refused(POLICY, f"policy.nurture_early.{override}")
    assert what in said
    assert advice in said


@pytest.fixture(scope="module")
def every_policy() -> dict[str, Any]:
    """What the files say of each policy, composed by Hydra and not checked yet."""
    every = ",".join(sorted(set(options("policy")) - {"none"}))
    return dict(_composed([f"policy=[{every}]"])["policy"])


@pytest.mark.parametrize("override", [
    "months=24", "seed=null", "months='a, b'", "months=007", "months=1e4", "months=true", 'months="5"', "months={a:1}",
    "record=[ties]", "record=[[a],{b:1}]", "ties.build=.5", "ties.build=???", "ties.build=[1,2]", "ties={build:3}",
    "place.residents=1500", "place.title=x", "world.first_month=2010-04", "world.months=-0", "ties.build=${months}",
    "policy.nurture_early.dose=3", "policy.nurture_early={dose:3}", "policy.nurture_early=3", "+policy.other.dose=1",
    "~policy.none", "++months=5", "record.0=5", "months.a=5", "monhts=5", "ties.bild=.5", "~months",
])  # fmt: skip
def test_values_that_are_set_here_are_as_hydra_sets_them(override, monkeypatch):
    words = ["policy=nurture_early", override]
    try:
        ours = _composed(words)
    except HydraException as fault:
        ours = type(fault)
    monkeypatch.setattr("sim.composition._set", lambda *_: False)
    try:
        hydras = _composed(words)
    except HydraException as fault:
        hydras = type(fault)
    assert repr(ours) == repr(hydras)


@pytest.mark.parametrize("world", options("world"))
def test_every_world_and_policy_compose(world: str, every_policy: dict[str, Any]) -> None:
    """Each policy starts as many months after month 0 in every world, and what is resolved makes the same again."""
    alone = composed(f"world={world}")
    first, plain = alone.world.first_month, alone.resolved()
    plain["place"]["funded_area"] = 5000
    for name, said in every_policy.items():
        one = Config.check(plain | {"policy": {name: said}})
        policy = one.policy[name]
        assert policy.start == date_of(84 if name == "nurture_late" else 24, first)
        assert policy.named == f"{policy.title} from {policy.start:%B %Y}"
        assert not any(char.isdigit() for char in policy.title), name
        assert one.resolved()["policy"][name]["start"] == f"{policy.start:%Y-%m}"
    assert Config.check(one.resolved()) == one


def test_hydra_composes_each_policy_with_a_world_that_begins_elsewhere() -> None:
    every = sorted(set(options("policy")) - {"none"})
    together = compose(["world=next_decade", f"policy=[{','.join(every)}]"])
    assert {f"{policy.start:%Y-%m}" for policy in together.policy.values()} == {"2028-04", "2033-04"}


def test_a_start_is_a_date_or_months_after_month_0() -> None:
    """In the worlds of the record 24 months are April 2009, as a date that is written out is."""
    early, decade = compose([POLICY]), compose([POLICY, "world=next_decade"])
    assert early == compose([POLICY, "policy.nurture_early.start=2009-04"])
    assert early.policy["nurture_early"].named == "organisers from April 2009"
    assert decade.policy["nurture_early"].named == "organisers from April 2028"
    assert decade.policy["nurture_early"] == compose(
        [POLICY, "world=next_decade", "policy.nurture_early.start=2028-04"]).policy["nurture_early"]  # fmt: skip
    assert early.resolved()["policy"]["nurture_early"]["start"] == "2009-04"
    assert compose([POLICY, "policy.nurture_early.start=0"]).policy["nurture_early"].start == early.world.first_month
    assert compose(["policy=nurture_late"]).policy["nurture_late"].named == "organisers from April 2014"


def test_months_of_money_beyond_the_end_are_counted() -> None:
    """Late nurture in the next ten years: from month 84 for 60 months, of which 36 are lived."""
    late = compose(["policy=nurture_late", "world=next_decade"])
    beyond = late.policy["nurture_late"].months_beyond(late.world.first_month, late.months)
    assert beyond == 24
    assert compose(["policy=nurture_late"]).policy["nurture_late"].months_beyond(DEFAULT.world.first_month, 204) == 0
    tapered = compose([POLICY, "months=90", "policy.nurture_early.taper=12"])
    assert tapered.policy["nurture_early"].months_beyond(tapered.world.first_month, 90) == 6


def test_the_policies_of_a_programme_are_named_to_who_sets_the_programme() -> None:
    said = refused("policy=place_programme", "policy.place_programme.dose=9")
    assert "called programme_capital and programme_revenue" in said
    assert "as policy.programme_capital.dose=VALUE" in said


def test_a_policy_may_not_start_after_the_run() -> None:
    assert "2007-04 to 2009-03" in refused("months=24", "policy=nurture_late")
    assert compose(["months=25", "policy=nurture_early"]).months == 25


def test_a_mapping_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="mapping"):
        Config.check([1, 2])  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="place is missing"):
        Config.check({"world": {"name": "x", "title": "x"}})


def test_what_is_resolved_makes_the_same_again() -> None:
    config = compose(["policy=[nurture_early,ready_meals]", "world=essay", "months=300", "trust.moves=false"])
    again = Config.check(config.resolved())
    assert again == config == pickle.loads(pickle.dumps(config))  # noqa: S301 - our own bytes
    assert hash(again) == hash(config)
    assert Config.check(OmegaConf.to_container(OmegaConf.create(OmegaConf.to_yaml(config.resolved())))) == config


def test_the_order_of_policies_is_part_of_a_scenario() -> None:
    """The council's money goes to the first of them first, so the other way round is another run."""
    one, other = (compose([f"policy=[{names}]"]) for names in ("listening,hosting", "hosting,listening"))
    assert one.policy == other.policy
    assert one != other
    assert hash(one) != hash(other)
    assert RunSpec(one, 0).run_id != RunSpec(other, 0).run_id
    assert Config.check(other.resolved()) == other


@pytest.mark.parametrize(("words", "said"), [
    (["policy=[listening,listening]"], "names listening twice. For twice the money, double policy.listening.dose"),
    (["policy=small_grants", "policy.small_grants.whom=needs"], "meets nobody one by one, so it has no whom first"),
    (["policy=culture", "policy.culture.where=0"], "culture changes the whole council"),
])  # fmt: skip
def test_what_a_policy_would_ignore_is_refused(words: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        compose(words)


def test_content_is_what_decides_a_run() -> None:
    """Not how it is run, and everything else to the last bit."""
    same = compose(["workers=2", "replicates=3", "record=ties"])
    assert same.content() == DEFAULT.content()
    assert hash(same) == hash(DEFAULT)
    assert same != DEFAULT
    for override in ("seed=2", "months=203", "place.residents=10001", "volunteering.asked_share=0.48000000000000004",
                     "world=flat", "policy=nurture_early", "funding.cuts=false"):  # fmt: skip
        assert compose([override]).content() != DEFAULT.content(), override
    assert DEFAULT.content()["volunteering"]["asked_share"] == "0.48"
    assert {"workers", "replicates", "record"}.isdisjoint(DEFAULT.content())


@pytest.mark.parametrize("path", ["place.title", "world.title", "policy.nurture_early.title", "world.after.title"])
def test_a_title_names_nothing_that_is_kept(path: str) -> None:
    """A run, and a town on its first morning, are the same whatever they are called in text."""
    world = "world=next_decade" if path == "world.after.title" else "world=flat"
    start = ["policy.nurture_early.start=2027-04"] if path == "world.after.title" else []
    plain = composed(world, "policy=nurture_early", *start)
    other = compose([world, "policy=nurture_early", *start, f"{path}=another"])
    assert other != plain
    assert other.content() == plain.content()
    assert RunSpec(other, 0).run_id == RunSpec(plain, 0).run_id
    assert town_file(other, 1) == town_file(plain, 1)
    assert constants_file(other) == constants_file(plain)


def test_a_policy_may_be_called_title() -> None:
    policies = {"title": composed("policy=connectors").resolved()["policy"]["connectors"]}
    assert Config.check(DEFAULT.resolved() | {"policy": policies}).content() != DEFAULT.content()


def test_every_account_has_a_title_that_goes_on_from_with_and_is_no_part_of_a_run() -> None:
    for group in ACCOUNTS:
        titles = {option: title_of(group, option) for option in options(group)}
        assert len(set(titles.values())) == len(titles)
        assert titles["none"] == "the main model"
        for option, title in titles.items():
            assert title == title[:1].lower() + title[1:], option
            assert title, option
            assert not set(title) & set(".,:_="), option
            assert len(title) < 60, option
    assert title_of("rival", "nobody") == ""
    assert "title" not in composed("rival=churn").resolved()


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match=r"compose another, as compose\(\["):
        DEFAULT.months = 3
    with pytest.raises(ValueError, match="frozen"):
        DEFAULT.place.residents = 3


@pytest.mark.parametrize("group", GROUPS)
def test_every_option_composes_under_its_own_name(group: str) -> None:
    several = {"place_programme": "programme_revenue+programme_capital"}
    for option in options(group):
        assert composed(f"{group}={option}").scenario[group] == several.get(option, option)


def test_an_account_holds_what_its_file_says_and_differences_only() -> None:
    """A mechanism that is off by default may be turned off by name as well, and then nothing differs."""
    for group in ACCOUNTS:
        for option in options(group):
            config = composed(f"{group}={option}")
            main = config.main_model
            assert main is None if option == "none" else main is not None and main.rooms == DEFAULT.rooms
            differs = {path for path, value in values_of(config).items() if value != values_of(DEFAULT)[path]}
            told = OmegaConf.to_container(OmegaConf.load(config_folder() / group / f"{option}.yaml"))
            said = {f"{part}.{name}": value for part, names in told.items() if part in ROOM_GROUPS
                    for name, value in names.items()}  # fmt: skip
            off_already = option in OFF_BY_DEFAULT
            assert {path: values_of(config)[path] for path in said} == said
            assert differs == set() if off_already else differs >= set(said), option
            assert off_already or "defaults" in told or differs == set(said), option
            for name, value in told.get("world", {}).items():
                assert getattr(config.world, name) == value != getattr(DEFAULT.world, name)


def test_an_ablation_turns_off_what_the_switch_of_its_claim_does() -> None:
    found = {"none"}
    for switch in SWITCHES.values():
        found.add(switch.ablation)
        config = composed(f"ablation={switch.ablation}")
        assert values_of(config) == values_of(DEFAULT) | switch.off, switch.ablation
        is_off = all(values_of(DEFAULT)[path] == value for path, value in switch.off.items())
        assert is_off == (switch.ablation in OFF_BY_DEFAULT)
    assert found == set(options("ablation"))


def test_rivals_that_can_be_true_together_are_joined() -> None:
    joined = dict(values_of(DEFAULT))
    for rival in ("replacement", "retreat", "selection", "scale_gain", "time_crowding"):
        own = values_of(composed(f"rival={rival}"))
        joined |= {path: value for path, value in own.items() if value != values_of(DEFAULT)[path]}
    assert values_of(composed("rival=sceptic")) == joined


def values_of(config: Config) -> dict[str, Any]:
    """Every number, switch and option of every room by the path under which it is set."""
    return {path: getattr(config.rooms[entry.room], entry.field) for path, entry in registry().items()}


OFF_BY_DEFAULT = {"none", "no_culture", "no_rethink", "one_authority", "asking_is_free"}
"""Accounts without a difference: the main model, and claims that have no effect at the centre of their range."""


def test_files_hold_differences_only() -> None:
    """No line of a file says what would hold without it: what the code states, or the files that it builds on.

    A claim that has no effect at the centre is turned off by name all the same, and its ablation is no difference.
    """
    for group in ("world", *ACCOUNTS, "experiment"):
        for option in set(options(group)) - OFF_BY_DEFAULT:
            said = leaves(told_by(group, option))
            assert not [path for path, value in said.items() if is_equal(value, without(group, option, path))], option
    for option in set(options("policy")) - {"none"}:
        told = told_by("policy", option)
        for one in told.get("policy", {"": told}).values():
            stated = {name: field.get_default() for name, field in Policy.model_fields.items()}
            assert not [name for name, value in leaves(one).items() if is_equal(value, stated.get(name))], option
        for name, value in told.get("place", {}).items():
            assert value != getattr(DEFAULT.place, name), option


def test_a_line_that_repeats_a_default_would_be_seen() -> None:
    assert is_equal("2026-04", without("world", "next_decade_early", "first_month"))
    assert is_equal(204, without("world", "next_decade", "after.most_months"))
    assert is_equal("2007-04", without("world", "next_decade", "first_month"))
    assert not is_equal("2007-05", without("world", "next_decade", "first_month"))
    assert is_equal(0.7, without("experiment", "late_beats_early", "nurture.eta"))
    assert is_equal(1, without("experiment", "late_beats_early", "world.deepening"))
    assert is_equal(3, without("rival", "sceptic", "coproduction.sigma")) == (
        told_by("rival", "replacement")["coproduction"]["sigma"] == 3
    )


def told_by(group: str, option: str) -> Any:
    """What a file itself says."""
    said: Any = OmegaConf.to_container(OmegaConf.load(config_folder() / group / f"{option}.yaml"))
    return said or {}


def leaves(said: Any, prefix: str = "") -> dict[str, Any]:
    """What a file says, by dotted path, but for what it builds on and its own name."""
    made: dict[str, Any] = {}
    for name, value in said.items():
        if name == "defaults" or f"{prefix}{name}" in {"name", "title", *ACCOUNTS}:
            continue
        nested = isinstance(value, dict) and name in {"after", "world", *ROOM_GROUPS}
        made |= leaves(value, f"{name}.") if nested else {f"{prefix}{name}": value}
    return made


def without(group: str, option: str, path: str) -> Any:
    """What would hold at a path if a file did not say it."""
    for line in reversed(told_by(group, option).get("defaults", [])):
        parent, _, under = line.partition("@")
        inherited = path.removeprefix(f"{under}.") if under else path
        if parent in options(group) and (inherited != path or not under):
            own = leaves(told_by(group, parent))
            return own[inherited] if inherited in own else without(group, parent, inherited)
    if path in REGISTRY:
        return REGISTRY[path].default
    name = path.rpartition(".")[2]
    stated = WorldSpec if group == "world" or path.startswith("world.") else Config
    if path.startswith("world.") and name in told_by("world", "history"):
        return told_by("world", "history")[name]
    return stated.model_fields[name].get_default()


def is_equal(said: Any, stated: Any) -> bool:
    """Whether two values of a file or of the code are one value."""
    if isinstance(stated, date):
        stated = f"{stated:%Y-%m}"
    return bool((list(stated) if isinstance(stated, tuple) else stated) == said)


def test_every_value_of_a_place_has_a_source() -> None:
    told = DEFAULT.place.model_dump()
    with pytest.raises(ValueError, match="care_share"):
        Place(**told | {"sources": {k: v for k, v in told["sources"].items() if k != "care_share"}})
    assert Place.model_json_schema()["properties"]["care_share"]["unit"] == "share"


@pytest.mark.parametrize(("residents", "neighbourhoods"), [(1_500, 1), (10_000, 7), (200_000, 145)])
def test_a_place_has_neighbourhoods_of_about_1700_people(residents: int, neighbourhoods: int) -> None:
    assert compose([f"place.residents={residents}"]).place.neighbourhoods == neighbourhoods
