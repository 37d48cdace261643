"""What a service says of itself, as the registry stores it."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from app.connectors.base import ServiceFacts

_NAMES = [field.name for field in fields(ServiceFacts)]


def facts_as_json(facts: ServiceFacts) -> dict[str, Any]:
    """What a service says of itself, as `ImputationService.service_info` stores it."""
    said = {name: storable(getattr(facts, name)) for name in _NAMES}
    return {**said, "capabilities": sorted(facts.capabilities)}


def storable(value: Any) -> Any:
    """JSON of a foreign service as PostgreSQL can hold it: no NUL, and no half of a character."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode(errors="replace").decode()
    if isinstance(value, Mapping):
        return {storable(str(key)): storable(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [storable(part) for part in value]
    return value
