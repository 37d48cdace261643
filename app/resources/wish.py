"""What an address asks of a list, made harmless, and back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from app.resources.base import Filter, Resource

LONGEST = 200


@dataclass(frozen=True)
class Wish:
    """Which rows of a resource are wanted, in which order, and which page of them.

    `filters` holds the filters that narrow anything, by the names that the address gives them.
    """

    text: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    number: int = 1

    def query(self, resource: Resource) -> dict[str, str]:
        """What the address says behind its question mark; what is usual is left out."""
        said = {"q": self.text, **self.filters}
        said["sort"] = "" if self.sort == resource.sort else self.sort
        said["page"] = "" if self.number == 1 else str(self.number)
        return {name: value for name, value in said.items() if value}


def names_of(one: Filter) -> tuple[str, ...]:
    """The names of a filter in an address."""
    return (f"{one.name}_from", f"{one.name}_to") if one.kind == "days" else (one.name,)


def wish_of(resource: Resource, query: Mapping[str, str]) -> Wish:
    """Read an address; what it says amiss counts as not said."""
    said = {
        name: value
        for one in resource.filters
        for name in names_of(one)
        if (value := _checked(one, str(query.get(name, ""))[:LONGEST]))
    }
    sort, number = str(query.get("sort", "")), str(query.get("page", ""))
    sortable = {column.name for column in resource.columns if column.sorts}
    return Wish(
        text=str(query.get("q", ""))[:LONGEST].strip(),
        filters=said,
        sort=sort if sort.removeprefix("-") in sortable else resource.sort,
        number=max(1, int(number)) if number.isdecimal() and len(number) < 10 else 1,
    )


def _checked(one: Filter, value: str) -> str:
    if one.kind == "flag":
        return value if value in ("yes", "no") else ""
    if one.kind == "days":
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            return ""
    return value.replace("\x00", "").strip()
