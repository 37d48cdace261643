"""Between a service's fields and the texts of a form."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, TypedDict

from app.domain import service_limits
from app.domain.check_settings import standard_checks
from app.domain.errors import Invalid
from app.domain.known_services import KnownService
from app.domain.service_fields import ServiceFields, parse_service
from app.domain.service_limits import GIB
from app.domain.services import ServiceRow
from models.base import now

# Limits that the form takes as they are; bytes are typed as GiB.
LIMIT_COUNTS = tuple(name for name in service_limits.NAMES if name != "max_file_bytes")
# What may differ for one service in how it is checked (`CheckSettings`).
CHECK_NUMBERS = (
    "interval_seconds",
    "retry_seconds",
    "confirmations",
    "timeout_seconds",
    "slow_ms",
    "fresh_seconds",
    "user_fresh_seconds",
    "system_fresh_seconds",
)


class ServiceForm(TypedDict):
    """What a form shows of a service at first."""

    name: str
    description: str
    location: str
    country: str
    is_simulation: bool
    is_active: bool
    min_samples: str
    max_samples: str
    max_files: str
    max_file_gib: str
    max_concurrent_jobs: str
    retention_days: str
    max_downloads: str
    shared_remote: str
    shared_local: str
    workflow_engine: str
    workflow_engine_version: str
    applications: str
    check_interval_seconds: str
    check_retry_seconds: str
    check_confirmations: str
    check_timeout_seconds: str
    check_slow_ms: str
    check_fresh_seconds: str
    check_user_fresh_seconds: str
    check_system_fresh_seconds: str
    check_canary: bool


def empty_form() -> ServiceForm:
    """The form of a service that is to be added."""
    return ServiceForm(
        name="",
        description="",
        location="",
        country="",
        is_simulation=False,
        is_active=True,
        **_limits({}),
        shared_remote="",
        shared_local="",
        workflow_engine="",
        workflow_engine_version="",
        applications="",
        **_checks({}),
    )


def form_of(row: ServiceRow) -> ServiceForm:
    """The form of a service that is to be changed."""
    folder = row.api_config.get("shared_folder") or {}
    return ServiceForm(
        name=row.name,
        description=row.description,
        location=row.location,
        country=row.country,
        is_simulation=row.is_simulation,
        is_active=row.is_active,
        **_limits(row.limits),
        shared_remote=str(folder.get("remote", "")),
        shared_local=str(folder.get("local", "")),
        workflow_engine=str(row.api_config.get("workflow_engine", "")),
        workflow_engine_version=str(row.api_config.get("workflow_engine_version", "")),
        applications=", ".join(row.api_config.get("applications", ())),
        **_checks(row.check_settings),
    )


def placeholders() -> dict[str, str]:
    """The installation's settings, by the form's fields that they fill where these are empty."""
    standard = standard_checks()
    return {f"check_{name}": f"{getattr(standard, name):g}" for name in CHECK_NUMBERS}


def _limits(limits: Mapping[str, Any]) -> Any:
    most = limits.get("max_file_bytes")
    counts = {name: str(limits.get(name) or "") for name in LIMIT_COUNTS}
    return {**counts, "max_file_gib": f"{most / GIB:.12g}" if most else ""}


def _confirmed_then(form: Mapping[str, Any], known: KnownService | None) -> dict[str, date]:
    """When the limits were confirmed that are left as they were known."""
    if known is None:
        return {}
    shown = _limits(known.limits)
    fields = {name: _FORM_NAMES[f"limits.{name}"] for name in known.limits}
    return {
        name: known.as_of for name, field in fields.items() if _text(form, field) == shown[field]
    }


def _confirmed_today(form: Mapping[str, Any]) -> dict[str, date]:
    """Every limit, where the box for it is ticked; a changed one needs no tick."""
    if not is_on(form, "confirm_limits"):
        return {}
    return dict.fromkeys(service_limits.NAMES, now().date())


def _checks(own: Mapping[str, Any]) -> Any:
    numbers = {f"check_{name}": _number(own.get(name)) for name in CHECK_NUMBERS}
    return {**numbers, "check_canary": bool(own.get("canary"))}


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def form_of_known(known: KnownService) -> ServiceForm:
    """The form of a service that is to be added, as far as it is known."""
    form = empty_form()
    form.update(_limits(known.limits))
    form["name"], form["description"] = known.name, known.description
    form["location"], form["country"] = known.location, known.country
    return form


def fields_of(
    form: Mapping[str, Any], *, base_url: str, api_type: str, known: KnownService | None = None
) -> ServiceFields:
    """Read what was typed; `Invalid` names the form's field.

    A limit that is as it is `known` counts as confirmed when that was read.
    """
    try:
        return parse_service(
            {
                "base_url": base_url,
                "api_type": api_type,
                "name": _text(form, "name"),
                "description": _text(form, "description"),
                "location": _text(form, "location"),
                "country": _text(form, "country"),
                "is_simulation": is_on(form, "is_simulation"),
                "is_active": is_on(form, "is_active"),
                "limits": {
                    **{name: _text(form, name) or None for name in LIMIT_COUNTS},
                    "max_file_bytes": _bytes(_text(form, "max_file_gib")),
                },
                "limits_confirmed": _confirmed_then(form, known) | _confirmed_today(form),
                "api_config": {
                    "shared_folder": _folder(form),
                    "workflow_engine": _text(form, "workflow_engine") or None,
                    "workflow_engine_version": _text(form, "workflow_engine_version") or None,
                    "applications": re.findall(r"[^\s,;]+", _text(form, "applications")) or None,
                },
                "check_settings": {
                    **{name: _text(form, f"check_{name}") or None for name in CHECK_NUMBERS},
                    "canary": is_on(form, "check_canary"),
                },
            }
        )
    except Invalid as error:
        raise Invalid(error.message, field=_FORM_NAMES.get(error.field, error.field)) from None


# Where the form's names differ from the fields'.
_FORM_NAMES = {
    **{f"limits.{name}": name for name in LIMIT_COUNTS},
    "limits": "min_samples",
    "limits.max_file_bytes": "max_file_gib",
    "api_config.shared_folder.remote": "shared_remote",
    "api_config.shared_folder.local": "shared_local",
    **{f"check_settings.{name}": f"check_{name}" for name in CHECK_NUMBERS},
    "api_config.workflow_engine": "workflow_engine",
    "api_config.workflow_engine_version": "workflow_engine_version",
    "api_config.applications": "applications",
}


def is_on(form: Mapping[str, Any], name: str) -> bool:
    """Whether a checkbox was ticked; an absent one was not."""
    return form.get(name) in (True, "on", "true")


def _text(form: Mapping[str, Any], name: str) -> str:
    return str(form.get(name) or "").strip()


def _folder(form: Mapping[str, Any]) -> dict[str, str] | None:
    remote, local = _text(form, "shared_remote"), _text(form, "shared_local")
    return {"remote": remote, "local": local} if remote or local else None


def _bytes(gib: str) -> int | None:
    if not gib:
        return None
    try:
        return round(float(gib) * GIB)
    except (ValueError, OverflowError):
        raise Invalid("Enter a number of GiB, such as 2.5.", field="max_file_gib") from None
