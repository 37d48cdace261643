"""What a service said of a panel, as the registry keeps it (`ReferencePanel.offered`).

The database keeps no order of an object's keys, so choices are kept as pairs, in the service's
order.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from app.connectors.offers import OfferedParameter, PanelOffer
from app.domain.service_info import storable


def offer_as_json(offer: PanelOffer) -> dict[str, Any]:
    """An offer as it is kept; two are the same offer if they are equal so."""
    parameters = [{**asdict(one), "choices": _pairs(one.choices)} for one in offer.parameters]
    kept = {**asdict(offer), "parameters": parameters, "populations": _pairs(offer.populations)}
    return {name: storable(value) for name, value in kept.items()}


def offer_of(kept: Mapping[str, Any]) -> PanelOffer | None:
    """The offer that was kept, or None where there is none."""
    if not kept:
        return None
    parameters = [
        OfferedParameter(**{**one, "choices": dict(one["choices"])}) for one in kept["parameters"]
    ]
    return PanelOffer(
        **{**kept, "parameters": parameters, "populations": dict(kept["populations"])}
    )


def _pairs(choices: Mapping[str, str]) -> list[list[str]]:
    return [[value, label] for value, label in choices.items()]
