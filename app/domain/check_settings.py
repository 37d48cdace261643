"""How a service is probed: the installation's settings, and where a service has its own."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.config import settings

HOUR = 3600.0
DAY = 24 * HOUR
WEEK = 7 * DAY

Seconds = Annotated[float, Field(ge=1, le=WEEK, allow_inf_nan=False)]


class CheckSettings(BaseModel):
    """A service's own settings, as `ImputationService.check_settings` keeps them.

    What is None is the installation's (`app.config`). Times are in seconds, `slow_ms` in
    milliseconds; `canary` says whether a small run is made every day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    interval_seconds: Seconds | None = None
    retry_seconds: Seconds | None = None
    confirmations: Annotated[int, Field(ge=1, le=20)] | None = None
    timeout_seconds: Annotated[float, Field(ge=0.1, le=300, allow_inf_nan=False)] | None = None
    slow_ms: Annotated[float, Field(gt=0, le=300_000, allow_inf_nan=False)] | None = None
    fresh_seconds: Seconds | None = None
    user_fresh_seconds: Seconds | None = None
    system_fresh_seconds: Seconds | None = None
    canary: bool = False

    def stored(self) -> dict[str, Any]:
        """What the column keeps: nothing of what is the installation's."""
        return self.model_dump(exclude_defaults=True)


class Checks(BaseModel):
    """How a service is probed, every setting decided.

    It is probed every `interval_seconds`, every `retry_seconds` while it is down or a change waits
    for confirmation by `confirmations` findings in a row, and every `waiting_seconds` while only
    somebody else can help. A good answer does for `fresh_seconds`, any other for
    `user_fresh_seconds` when a person asks and `system_fresh_seconds` when the worker does. The
    `dead_…` are the times between probes of a service that has been unwell for longer than that.
    """

    model_config = ConfigDict(frozen=True)

    interval_seconds: float
    retry_seconds: float
    waiting_seconds: float
    confirmations: int
    timeout_seconds: float
    slow_ms: float
    fresh_seconds: float
    user_fresh_seconds: float
    system_fresh_seconds: float
    dead_hour_seconds: float
    dead_day_seconds: float
    dead_week_seconds: float


def standard_checks() -> Checks:
    """The installation's settings."""
    ours = settings()
    return Checks(**{name: getattr(ours, f"probe_{name}") for name in Checks.model_fields})


def checks_of(check_settings: Mapping[str, Any], standard: Checks) -> Checks:
    """How a service is probed that has these settings of its own."""
    own = {name: value for name, value in check_settings.items() if name in Checks.model_fields}
    return standard.model_copy(update=own) if own else standard
