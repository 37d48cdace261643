"""How a run-time setting is typed, checked, kept and shown, by the kind of its value."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from app.domain.errors import Invalid

Kind = Literal["number", "whole", "flag", "choice", "text", "moment", "days", "names"]

MOST_DAYS = 10


@dataclass(frozen=True)
class RunTimeSetting:
    """A field of `app.config.Settings` that an administrator may change while all runs.

    A person types and reads it in `unit`; `scale` of the field's own units make one of those. The
    bounds are in `unit`, both included. `names` are several of the choices, `days` whole numbers
    separated by commas.
    """

    key: str
    title: str
    kind: Kind = "number"
    unit: str = ""
    minimum: float = 0
    maximum: float = 0
    scale: int = 1
    help: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)

    @property
    def bounds(self) -> str:
        """What is accepted, in words, or an empty text."""
        if self.kind in ("number", "whole"):
            return f"{self.minimum:g} to {self.maximum:g} {self.unit}".rstrip()
        if self.kind == "days":
            most = f"{self.maximum:g} days"
            return f"up to {MOST_DAYS} whole numbers with commas between, at most {most}"
        if self.kind == "text":
            return f"at most {self.maximum:g} characters"
        return "a time in UTC, or empty" if self.kind == "moment" else ""

    def parse(self, typed: str) -> Any:
        """The field's value of what a person typed; raises `Invalid` with the setting's key."""
        parsers: Mapping[Kind, Callable[[str], Any]] = {
            "number": self._number,
            "whole": self._number,
            "flag": lambda said: said in ("yes", "true", "on"),
            "choice": self._choice,
            "names": self._names,
            "days": self._days,
            "moment": self._moment,
            "text": self._text,
        }
        return parsers[self.kind](typed.strip())

    def typed(self, value: Any) -> str:
        """A value as a person would type it."""
        if self.kind in ("number", "whole"):
            return f"{value / self.scale:.15g}"
        if self.kind == "flag":
            return "yes" if value else "no"
        if self.kind == "moment":
            return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M}" if value else ""
        return str(value)

    def shown(self, value: Any) -> str:
        """A value in words, such as “256 GiB” or “None”."""
        if self.kind in ("number", "whole"):
            return f"{value / self.scale:.6g} {self.unit}".rstrip()
        if self.kind in ("choice", "names", "days"):
            named = [self.choices.get(name, name) for name in _parts(str(value))]
            return f"{', '.join(named)} {self.unit}".strip() or "None"
        if self.kind == "moment":
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if value else "No end"
        return self.typed(value).capitalize() if self.kind == "flag" else str(value) or "None"

    def stored(self, value: Any) -> dict[str, Any]:
        """What the database keeps of a value."""
        return {"value": value.isoformat() if isinstance(value, datetime) else value}

    def restored(self, stored: Mapping[str, Any]) -> Any:
        """The value of what the database keeps, checked like one that is typed now."""
        value = stored["value"]
        if self.kind == "moment" and value:
            return datetime.fromisoformat(value)
        return self.parse(self.typed(value))

    def _number(self, typed: str) -> float | int:
        try:
            number = float(typed.replace(",", "."))
        except ValueError:
            raise self._refusal("is a number") from None
        if not math.isfinite(number) or not self.minimum <= number <= self.maximum:
            raise self._refusal(f"is between {self.minimum:g} and {self.maximum:g} {self.unit}")
        if self.kind == "number":
            return number * self.scale
        if self.scale == 1 and not number.is_integer():
            raise self._refusal("is a whole number")
        return round(number * self.scale)

    def _choice(self, typed: str) -> str:
        if typed not in self.choices:
            raise self._refusal(f"is one of: {', '.join(self.choices.values())}")
        return typed

    def _names(self, typed: str) -> str:
        names = _parts(typed)
        for name in names:
            self._choice(name)
        return ",".join(name for name in self.choices if name in names)

    def _days(self, typed: str) -> str:
        parts = _parts(typed)
        fits = parts and len(parts) <= MOST_DAYS and all(map(str.isdecimal, parts))
        if not fits or any(int(part) > self.maximum for part in parts):
            raise self._refusal(f"is {self.bounds}")
        return ",".join(str(day) for day in sorted({int(part) for part in parts}, reverse=True))

    def _moment(self, typed: str) -> datetime | None:
        if not typed:
            return None
        try:
            moment = datetime.fromisoformat(typed)
        except ValueError:
            raise self._refusal("is a time like 2030-01-31T18:00") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def _text(self, typed: str) -> str:
        if len(typed) > self.maximum or "\x00" in typed:
            raise self._refusal(f"has {self.bounds}")
        return typed

    def _refusal(self, what: str) -> Invalid:
        return Invalid(f"“{self.title}” {what.rstrip()}.", field=self.key)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
