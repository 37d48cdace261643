"""Failures on demand: one table of what can be made to go wrong, and how long it does."""

import threading
from typing import Any

STAGES = ("validation", "qc", "report", "phasing", "imputation", "encryption", "exporting")

# What can be switched on with POST /simulator/faults/{name} {"value": …, "times": …}.
FAULTS: dict[str, str] = {
    "hold_at": f"jobs stay in this stage until it is switched off: {', '.join(STAGES)}",
    "unavailable": "every path of the API answers with this status, e.g. 503",
    "submit_lost": "a job is accepted, and the answer never comes",
    "wrong_password": "archives are encrypted with another password",
    "corrupt_archive": "some bytes in the middle of archives are destroyed",
    "cut_after": "downloads break off after this many bytes",
    "slow_chunks": "downloads pause this many seconds before each part of 64 KiB",
    "ignore_range": "redirected downloads send the whole file whatever Range says",
    "redirect_to": "downloads are redirected to this origin, e.g. http://127.0.0.2:8001",
    "error_as_file": "downloads send an error as JSON with status 200",
}


class Faults:
    """The faults that are on now; each for ever, or for its next so many `times`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._on: dict[str, tuple[Any, int]] = {}

    def switch(self, name: str, value: Any, times: int = 0) -> None:
        """Switch a fault on, or off with the value None; KeyError where there is no such fault."""
        if name not in FAULTS:
            raise KeyError(name)
        with self._lock:
            self._on.pop(name, None)
            if value is not None:
                self._on[name] = (value, times)

    def takes(self, name: str) -> Any:
        """Return the fault's value and count it, None while it is off."""
        with self._lock:
            if name not in self._on:
                return None
            value, times = self._on.pop(name)
            if times != 1:
                self._on[name] = (value, times - 1 if times else 0)
            return value

    def holds(self, stage: str) -> bool:
        """Return whether jobs are to stay in this stage."""
        with self._lock:
            return self._on.get("hold_at", ("", 0))[0] == stage

    def current(self) -> dict[str, Any]:
        """Return what is on."""
        with self._lock:
            return {name: value for name, (value, _) in self._on.items()}
