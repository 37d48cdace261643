"""What a service says of itself, as labelled lines for a page."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict


class FactItem(TypedDict):
    """One labelled line. `link` is set where the value is a web address."""

    label: str
    value: str
    link: str


class ParameterItem(TypedDict):
    """A default parameter of a workflow engine, as the service names it."""

    name: str
    kind: str
    default: str


def fact_item(label: str, value: Any) -> FactItem:
    """Make a line; only web addresses become links, whatever a service sends."""
    text = str(value)
    return FactItem(
        label=label, value=text, link=text if text.startswith(("https://", "http://")) else ""
    )


def facts_of(info: Mapping[str, Any]) -> list[FactItem]:
    """The lines of a service's own description (`app.domain.service_info.facts_as_json`)."""
    lines = {
        "Calls itself": info.get("name"),
        "Version": info.get("version"),
        "Run by": info.get("organization"),
        "Protocol versions": _listed(info.get("protocol_versions")),
        "Workflow types": _versions(info.get("workflow_types")),
        "Workflow engines": _versions(info.get("workflow_engines")),
        "Fetches files by": _listed(info.get("filesystem_protocols")),
        "Runs by state": _counts(info.get("state_counts")),
        "Can": _listed(part.replace("_", " ") for part in info.get("capabilities") or ()),
        "Contact": info.get("contact_url"),
        "Documentation": info.get("documentation_url"),
        "How to be authorised": info.get("auth_instructions_url"),
        "Maintenance": info.get("maintenance"),
    }
    return [fact_item(label, value) for label, value in lines.items() if value]


def parameters_of(info: Mapping[str, Any]) -> list[ParameterItem]:
    """The engine parameters that the service lists, with their defaults."""
    return [
        ParameterItem(
            name=str(entry.get("name", "")),
            kind=str(entry.get("type", "")),
            default=str(entry.get("default_value") or ""),
        )
        for entry in info.get("default_parameters") or ()
        if isinstance(entry, Mapping)
    ]


def _listed(values: Any) -> str:
    return ", ".join(str(value) for value in values or ())


def _versions(kinds: Mapping[str, Sequence[str]] | None) -> str:
    return "; ".join(
        f"{kind} {_listed(versions)}".strip() for kind, versions in (kinds or {}).items()
    )


def _counts(counts: Mapping[str, int] | None) -> str:
    return ", ".join(
        f"{state.lower()} {number}" for state, number in (counts or {}).items() if number
    )
