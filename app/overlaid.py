"""Settings of a process: those of the installation, and what was decided since lies over them."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from pydantic_settings import BaseSettings

T = TypeVar("T", bound=BaseSettings)


class Overlaid(Generic[T]):
    """Calling it gives the settings of now.

    Hold on to a value no longer than an act lasts: an administrator may change it at any time.
    """

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        self._installed: T | None = None
        self._now: T | None = None

    def __call__(self) -> T:
        """Return the settings of now."""
        return self._now or self.installed()

    def installed(self) -> T:
        """What the installation says, as it was when this process first asked."""
        if self._installed is None:
            self._installed = self._kind()
        return self._installed

    def overlay(self, values: Mapping[str, Any]) -> None:
        """From now on these values apply instead of the installation's, and no earlier ones."""
        self._now = self.installed().model_copy(update=dict(values)) if values else None

    def cache_clear(self) -> None:
        """Forget everything; the next call reads the environment."""
        self._installed = self._now = None
