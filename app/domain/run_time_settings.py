"""What administrators decided over the installation's settings, as this process has learned it.

Every process learns by itself: the web process when it hears of a change, the worker every few
seconds. While the database is away the last known values stay.
"""

import logging
from collections.abc import Mapping
from typing import Any

from sqlmodel import Session, col, select

from app.config import Settings, settings
from app.domain.errors import PlatformError
from app.domain.setting_list import SETTINGS
from models.platform import Setting

log = logging.getLogger(__name__)

_ignored: set[str] = set()


def learn(session: Session) -> bool:
    """Let `app.config.settings()` follow what the platform's database says; whether it changed."""
    before = settings()
    settings.overlay(decided(session))
    return settings() != before


def decided(session: Session) -> dict[str, Any]:
    """The values that stand over the installation's, by the setting's key."""
    rows = session.exec(select(Setting).where(col(Setting.key).in_(SETTINGS))).all()
    values = {row.key: _value(row.key, row.value) for row in rows}
    return {key: value for key, value in values.items() if value is not _UNUSABLE}


def queue_is_paused(name: str) -> bool:
    """Whether the work of a queue (`app.domain.setting_list.QUEUES`) is to rest."""
    return name in paused_of(settings())


def paused_of(values: Settings) -> frozenset[str]:
    """The queues that are paused by such settings."""
    return frozenset(filter(None, map(str.strip, values.paused_queues.split(","))))


_UNUSABLE = object()


def _value(key: str, stored: Mapping[str, Any]) -> Any:
    """A kept value; one that this version would not accept counts as none, and is logged once."""
    try:
        return SETTINGS[key].restored(stored)
    except (PlatformError, KeyError, TypeError, ValueError, AttributeError) as error:
        if key not in _ignored:
            _ignored.add(key)
            log.warning("the setting %s is kept with a value that is no good: %s", key, error)
        return _UNUSABLE
