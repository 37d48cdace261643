"""What differs between two states of a thing, in words that a person reads."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# A recipe or a description can be long; the audit entry itself holds all of it.
LONGEST = 500
NOTHING = "—"


@dataclass(frozen=True)
class Difference:
    """A field, and what it held before and after; a dash where it held nothing."""

    field: str
    before: str
    after: str


def differences(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[Difference, ...]:
    """The fields that differ, in the order in which they are told; None is a thing not there."""
    was, became = dict(_leaves(before or {})), dict(_leaves(after or {}))
    return tuple(
        Difference(name, _text(was.get(name)), _text(became.get(name)))
        for name in dict.fromkeys([*was, *became])
        if was.get(name) != became.get(name)
    )


def _leaves(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Each value that holds no other, with the names on the way to it."""
    for name, value in values.items():
        title = above + str(name).replace("_", " ")
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{title}: ")
        else:
            yield title, value


def _text(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        value = ", ".join(map(str, value))
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
