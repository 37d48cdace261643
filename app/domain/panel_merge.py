"""What a service says of a panel brought together with what people here decided of it.

A value that people left as the service said it follows the service; one that they changed stays.
"""

from collections.abc import Mapping
from typing import Any

from app.connectors.offers import OfferedParameter, PanelOffer
from app.domain.errors import Invalid
from app.domain.panel_changes import BUILDS
from app.domain.panel_recipes import kind_of, recipe_of

LABELS: Mapping[str, str] = {
    "name": "Name",
    "description": "Description",
    "population": "Populations",
    "build": "Build",
    "sample_count": "Samples",
    "variant_count": "Variants",
}
# Fields of the form that people fill in, by what they become here.
TOLD: Mapping[str, str] = {
    "choice": "a choice",
    "boolean": "yes or no",
    "number": "a number",
    "string": "a text",
}
REST_OF_FORM = "The rest of its form"
_LIST_OF_NAMED = "parameters"


def columns_of(offer: PanelOffer) -> dict[str, Any]:
    """A panel's columns as its service says them; without a recipe where its form makes none."""
    populations = offer.population or ", ".join(offer.populations.values())
    return {
        "name": offer.name[:200] or offer.panel_id[:200],
        "description": offer.description[:2000],
        "population": populations[:120],
        "build": BUILDS.get(offer.build.lower(), offer.build)[:20],
        "sample_count": offer.sample_count,
        "variant_count": offer.variant_count,
        "recipe": _recipe(offer),
    }


def merged(here: Mapping[str, Any], was: PanelOffer | None, now: PanelOffer) -> dict[str, Any]:
    """A panel's columns after the service said `now`, where it said `was` before."""
    before = columns_of(was) if was else {}
    after = columns_of(now)
    columns = {name: _value(here[name], before.get(name), after[name]) for name in LABELS}
    recipe = _mapping(here["recipe"], before.get("recipe", {}), after["recipe"])
    return {**columns, "recipe": recipe}


def differences(was: PanelOffer | None, now: PanelOffer) -> dict[str, tuple[str, str]]:
    """What the service says otherwise than before, by what it is called: before and now.

    Of its form only what people fill in is told in words; that the rest has changed is told, too,
    because a run is made of all of it.
    """
    old, new = (_told(offer) if offer else {} for offer in (was, now))
    names = [*new, *(name for name in old if name not in new)]
    found = {name: (old.get(name, ""), new.get(name, "")) for name in names}
    changed = {name: pair for name, pair in found.items() if pair[0] != pair[1]}
    if was is not None and not changed and _recipe(was) != _recipe(now):
        changed[REST_OF_FORM] = ("as it was", "changed")
    return changed


def in_text(value: Any) -> str:
    """A column's value to read."""
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else str(value)


def _recipe(offer: PanelOffer) -> dict[str, Any]:
    try:
        return recipe_of(offer)
    except Invalid:
        return {}


def _value(here: Any, was: Any, now: Any) -> Any:
    is_untouched = here == was or (was is None and here in (None, ""))
    return now if is_untouched else here


def _mapping(
    here: Mapping[str, Any], was: Mapping[str, Any], now: Mapping[str, Any]
) -> dict[str, Any]:
    """A recipe, or a part of one: every entry that people left alone follows the service."""
    together: dict[str, Any] = {}
    for name in [*now, *(name for name in here if name not in now)]:
        mine, old, new = (side.get(name, _ABSENT) for side in (here, was, now))
        if name == _LIST_OF_NAMED and isinstance(new, list) and isinstance(mine, list):
            sides = (_by_name(side) for side in (mine, old if isinstance(old, list) else [], new))
            value: Any = list(_mapping(*sides).values())
        elif isinstance(mine, Mapping) and isinstance(new, Mapping):
            value = _mapping(mine, old if isinstance(old, Mapping) else {}, new)
        else:
            value = new if mine == old or (mine is _ABSENT and not was) else mine
        if value is not _ABSENT:
            together[name] = value
    return together


_ABSENT: Any = object()


def _by_name(parameters: list[Any]) -> dict[str, Any]:
    return {str(one.get("name")): one for one in parameters}


def _told(offer: PanelOffer) -> dict[str, str]:
    columns = columns_of(offer)
    told = {label: in_text(columns[name]) for name, label in LABELS.items()}
    application = f"{offer.application} {offer.application_version}".strip()
    told |= {"Application": application, "Terms": " ".join(offer.terms)}
    for parameter in offer.parameters:
        if kind_of(parameter) in TOLD:
            told[f"Field “{parameter.label or parameter.name}”"] = _described(parameter)
    return told


def _described(parameter: OfferedParameter) -> str:
    kind = kind_of(parameter)
    words = ", ".join(label or value for value, label in parameter.choices.items())
    parts = [words if kind == "choice" else TOLD[kind]]
    default = parameter.default
    if kind == "boolean" and default is not None:
        default = "yes" if default == "true" else "no"
    if default:
        parts.append(f"by default {parameter.choices.get(default, default)}")
    return "; ".join(parts)
