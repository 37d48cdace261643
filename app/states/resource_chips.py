"""What narrows a list, one after the other, in words."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from app.resources.base import Filter, Resource
from app.resources.wish import Wish


class Chip(TypedDict):
    """Something that narrows a list: what the address calls it, and how it reads."""

    name: str
    title: str
    value: str


def chips_of(
    resource: Resource, wish: Wish, choices: Mapping[str, Sequence[tuple[str, str]]]
) -> list[Chip]:
    """What an address narrows a list by; `choices` are what the filters by choice offer."""
    searched = [Chip(name="q", title="Search", value=wish.text)] if wish.text else []
    said = [
        chip
        for one in resource.filters
        for chip in _chips(one, wish.filters, dict(choices.get(one.name, ())))
    ]
    return searched + said


def _chips(one: Filter, said: Mapping[str, str], choices: Mapping[str, str]) -> list[Chip]:
    if one.kind == "days":
        names = ((f"{one.name}_from", "from"), (f"{one.name}_to", "to"))
        return [
            Chip(name=name, title=f"{one.title} {word}", value=said[name])
            for name, word in names
            if name in said
        ]
    if one.name not in said:
        return []
    value = said[one.name]
    return [Chip(name=one.name, title=one.title, value=choices.get(value, value))]
