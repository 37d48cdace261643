"""What a service says of itself, as the registry stores it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from app.connectors.base import ServiceFacts


def facts_as_json(facts: ServiceFacts) -> dict[str, Any]:
    """What a service says of itself, as `ImputationService.service_info` stores it."""
    return {**_plain(asdict(facts)), "capabilities": sorted(facts.capabilities)}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(part) for part in value]
    # PostgreSQL's jsonb cannot hold this one character.
    return value.replace("\x00", "") if isinstance(value, str) else value
