"""What a client submits: the form of `POST /runs` (WES 1.1.0), read and checked."""

import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

WORKFLOW_URL = "simulated-imputation"
WORKFLOW_TYPE, WORKFLOW_TYPE_VERSION = "SIMULATION", "1.0"
ENGINE, ENGINE_VERSION = "demo-imputation", "1.0"

LONGEST_WAIT = 3600


class BadRequest(ValueError):
    """The request cannot be accepted; the text says which field, and what is wrong with it."""


@dataclass(frozen=True)
class Parameters:
    """The workflow_params. `target` is the name of the attached VCF."""

    target: str
    mismatch_rate: float = 0.01
    min_r2: float = 0.0
    seconds_to_wait: float = 0.0
    fail_on_purpose: bool = False


def read_request(fields: dict[str, str], attachments: list[str]) -> dict[str, Any]:
    """Return the request as a RunLog repeats it; BadRequest where a field is missing or wrong."""
    _check_names(attachments)
    request: dict[str, Any] = {name: fields[name] for name in TEXT_FIELDS if fields.get(name)}
    for name, only in REQUIRED.items():
        if name not in request:
            raise BadRequest(f"{name} is required; this server knows only {only}.")
        if request[name].lower() != only.lower():
            raise BadRequest(f"{name} is {request[name]!r}; this server knows only {only}.")
    if request.get("workflow_engine", ENGINE) != ENGINE:
        raise BadRequest(f"workflow_engine: this server has only {ENGINE}.")
    if request.get("workflow_engine_version", ENGINE_VERSION) != ENGINE_VERSION:
        raise BadRequest(f"workflow_engine_version: this server has only {ENGINE_VERSION}.")
    for name in ("workflow_params", "tags", "workflow_engine_parameters"):
        request[name] = _json_object(name, fields.get(name) or "{}")
    read_parameters(request["workflow_params"], attachments)
    return request


TEXT_FIELDS = (
    "workflow_type",
    "workflow_type_version",
    "workflow_url",
    "workflow_engine",
    "workflow_engine_version",
)
REQUIRED = {
    "workflow_url": WORKFLOW_URL,
    "workflow_type": WORKFLOW_TYPE,
    "workflow_type_version": WORKFLOW_TYPE_VERSION,
}


def read_parameters(params: dict[str, Any], attachments: list[str]) -> Parameters:
    """Return the workflow_params with defaults; BadRequest where one is unknown or out of range."""
    values = dict(params)
    target = values.pop("target", None)
    if isinstance(target, dict):  # as CWL writes a file
        target = target.get("location")
    if target not in attachments:
        raise BadRequest(
            "workflow_params.target must name the VCF that is sent as workflow_attachment; it "
            f"names {target!r}, and sent are: {', '.join(attachments) or 'none'}."
        )
    checked: dict[str, Any] = {"target": target}
    for name, (low, high) in RANGES.items():
        checked[name] = _number(name, values.pop(name, None), low, high)
    fail = values.pop("fail_on_purpose", None)
    if fail is not None and not isinstance(fail, bool):
        raise BadRequest("workflow_params.fail_on_purpose must be true or false.")
    checked["fail_on_purpose"] = fail
    if values:
        raise BadRequest(f"workflow_params.{sorted(values)[0]} is no parameter of this workflow.")
    return Parameters(**{name: value for name, value in checked.items() if value is not None})


RANGES = {
    "mismatch_rate": (0.0001, 0.2),
    "min_r2": (0, 1),
    "seconds_to_wait": (0, LONGEST_WAIT),
}


def _number(name: str, value: object, low: float, high: float) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadRequest(f"workflow_params.{name} must be a number from {low} to {high}.")
    return float(value)


def _json_object(name: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise BadRequest(f"{name} is not valid JSON: {error}.") from None
    if not isinstance(value, dict):
        raise BadRequest(f"{name} must be a JSON object.")
    return value


def _check_names(attachments: list[str]) -> None:
    """Refuse what WES forbids: an attachment outside the run's own folder."""
    for name in attachments:
        path = PurePosixPath(name)
        if not name or path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
            raise BadRequest(f"workflow_attachment: {name!r} is not a file name below the run.")
    if len(set(attachments)) < len(attachments):
        raise BadRequest("workflow_attachment: two files have the same name.")
