"""What a service offers, as it describes it itself: its panels, and the form that starts a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class OfferedParameter:
    """A field of the form that starts a run.

    `kind` is the service's own word (Cloudgene: `list`, `text`, `checkbox`, `local_folder`, …).
    `choices` are the values that it takes with what people call them, in the service's order; empty
    where it takes any. `default` is None where the service names none.
    """

    name: str
    label: str
    kind: str
    default: str | None = None
    choices: Mapping[str, str] = field(default_factory=dict)
    required: bool = False
    help: str = ""


@dataclass(frozen=True)
class PanelOffer:
    """A panel as the service itself describes it.

    `application` is what imputes with it there, in `application_version`; `parameters` are those of
    that application but the choice of the panel, with the choices that this panel allows.
    `populations` are the values of its population parameter with their names. `terms` are the
    sentences to which the service has people agree.
    """

    panel_id: str
    name: str
    population: str = ""
    build: str = ""
    sample_count: int | None = None
    variant_count: int | None = None
    description: str = ""
    application: str = ""
    application_version: str = ""
    populations: Mapping[str, str] = field(default_factory=dict)
    parameters: Sequence[OfferedParameter] = ()
    terms: Sequence[str] = ()
