"""What an administrator may say about a service, and what is accepted.

Errors name the field, so that a form can show them in place.
"""

from collections.abc import Mapping
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from app.config import settings
from app.domain.check_settings import CheckSettings
from app.domain.errors import Invalid
from app.domain.service_limits import NAMES, Limits
from models.base import now

# The kind of service that each `api_type` (a connector) speaks to.
SERVICE_TYPES: Mapping[str, str] = MappingProxyType(
    {"wes": "wes", "cloudgene": "imputation_server"}
)

DEFAULT_PORTS = {"http": 80, "https": 443}


def normalised_url(text: str) -> str:
    """Return a service's base URL in its one spelling: lower-case host, no needless port or slash.

    Raises `ValueError` with the cure where it is not an http(s) URL, or carries credentials, a
    query or a fragment, or points at a link-local address (cloud metadata lives there).
    """
    parts = urlsplit(text.strip())
    scheme = parts.scheme.lower()
    if scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError("Enter the whole address, such as https://wes.example.org/ga4gh/wes/v1.")
    if parts.username is not None or parts.password is not None:
        raise ValueError("Leave the name and password out of the address; store a token instead.")
    if parts.query or parts.fragment or text.strip().endswith(("?", "#")):
        raise ValueError("Leave out what follows “?” or “#”: this is the address of the API.")
    if any(character.isspace() for character in text.strip()):
        raise ValueError("An address has no spaces.")
    try:
        port = parts.port
    except ValueError:
        raise ValueError("The port must be a number from 0 to 65535.") from None
    host = parts.hostname.lower()
    if _is_link_local(host):
        raise ValueError("Link-local addresses are not allowed: no imputation service lives there.")
    shown_host = f"[{host}]" if ":" in host else host
    netloc = shown_host if port in (None, DEFAULT_PORTS[scheme]) else f"{shown_host}:{port}"
    return urlunsplit((scheme, netloc, parts.path.rstrip("/"), "", ""))


def _is_link_local(host: str) -> bool:
    try:
        return ip_address(host).is_link_local
    except ValueError:
        return False


def _absolute_path(text: str) -> str:
    if not text.startswith("/") or ".." in text.split("/"):
        raise ValueError("Enter an absolute path without “..”, such as /shared/wes.")
    return text.rstrip("/") or "/"


def _local_folder(text: str) -> str:
    folder, own = Path(_absolute_path(text)).resolve(), settings().data_dir.resolve()
    if folder == own or folder in own.parents or own in folder.parents:
        raise ValueError(
            "Choose the folder that the service shares, not one that holds the platform's own data."
        )
    return str(folder)


def _country(text: str) -> str:
    code = text.upper()
    if code and not (len(code) == 2 and code.isascii() and code.isalpha()):
        raise ValueError("Enter the two-letter country code (ISO 3166), such as ZA.")
    return code


def _api_type(text: str) -> str:
    if text not in SERVICE_TYPES:
        raise ValueError(f"Choose one of: {', '.join(SERVICE_TYPES)}.")
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120)]
RemoteFolder = Annotated[str, AfterValidator(_absolute_path)]
LocalFolder = Annotated[str, AfterValidator(_local_folder)]


# What `ServiceFields.columns` does not store as it is.
_KEPT_OTHERWISE = {"api_config", "limits", "limits_confirmed", "check_settings"}


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _confirmed(days: dict[str, date]) -> dict[str, date]:
    strangers = sorted(set(days) - set(NAMES))
    if strangers:
        raise ValueError(f"There is no limit “{strangers[0]}”.")
    if any(day > now().date() for day in days.values()):
        raise ValueError("A limit cannot have been confirmed in the future.")
    return days


class SharedFolder(_Strict):
    """A folder of the service that is mounted here too.

    Outputs that the service reports as `file://` paths below `remote` are read from `local`.
    """

    remote: RemoteFolder
    local: LocalFolder


class ApiConfig(_Strict):
    """Options of the connector. None of them is a secret: tokens are kept apart, encrypted.

    The engine is named to a WES 1.1.0 service where a panel's recipe names none. `applications` are
    the ids of those whose panels a Cloudgene offers here; None: of all.
    """

    shared_folder: SharedFolder | None = None
    workflow_engine: Line | None = None
    workflow_engine_version: Line | None = None
    applications: Annotated[list[Line], Field(max_length=30)] | None = None


class ServiceFields(_Strict):
    """Everything about a service that a person decides.

    `limits_confirmed` are days on which limits were confirmed with the service, by name; what is
    not in it is kept by `app.domain.service_limits.confirmations`.
    """

    name: Annotated[Line, Field(min_length=1)]
    description: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = ""
    api_type: Annotated[str, AfterValidator(_api_type)] = "wes"
    base_url: Annotated[str, Field(max_length=500), AfterValidator(normalised_url)]
    location: Line = ""
    country: Annotated[Line, AfterValidator(_country)] = ""
    is_simulation: bool = False
    is_active: bool = True
    api_config: ApiConfig = ApiConfig()
    limits: Limits = Limits()
    limits_confirmed: Annotated[dict[str, date], AfterValidator(_confirmed)] = {}
    check_settings: CheckSettings = CheckSettings()

    def columns(self) -> dict[str, Any]:
        """The values as `ImputationService` stores them, without `limits_confirmed`."""
        values = self.model_dump(exclude=_KEPT_OTHERWISE)
        return values | {
            "service_type": SERVICE_TYPES[self.api_type],
            "api_config": self.api_config.model_dump(exclude_none=True),
            "limits": self.limits.model_dump(exclude_none=True),
            "check_settings": self.check_settings.stored(),
        }


def parse_service(values: Mapping[str, Any]) -> ServiceFields:
    """Check what a form says about a service; `Invalid` names the first wrong field."""
    return parse_fields(ServiceFields, values)


def parse_address(text: str) -> str:
    """Return an address in its one spelling; `Invalid` with the field `base_url` if it is none."""
    try:
        return normalised_url(text)
    except ValueError as error:
        raise Invalid(str(error), field="base_url") from None


Fields = TypeVar("Fields", bound=BaseModel)


def parse_fields(kind: type[Fields], values: Mapping[str, Any]) -> Fields:
    """Build a model of fields from untrusted values; `Invalid` names the first wrong field."""
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        ours, reason = first["type"] == "value_error", first["msg"].removeprefix("Value error, ")
        label = field.replace("_", " ").capitalize()
        raise Invalid(reason if ours else f"{label}: {reason}.", field=field) from None
