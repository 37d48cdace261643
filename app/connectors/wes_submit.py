"""A submission as WES wants it (`POST /runs`): a form whose JSON fields are texts."""

import json
from collections.abc import Mapping
from typing import Any

from app.connectors.answers import Answer, error_of, json_of
from app.connectors.base import Capability, ServiceFacts
from app.connectors.errors import ConnectorError, InvalidAnswer, Rejected, Unsupported
from app.connectors.run_request import RunRequest
from app.connectors.wes_parse import knows_engine_fields, lists_engines_as_objects, spelling_of

TAG = "job_ref"
# By these a WES refuses a run as it is.
REFUSALS = (400, 409, 415, 422)

# The engine to name where the service wants one and neither recipe nor administrator chose.
USUAL_ENGINES = {
    "cwl": ("cwltool", "toil"),
    "wdl": ("cromwell", "toil"),
    "nextflow": ("nextflow",),
    "nfl": ("nextflow",),
    "snakemake": ("snakemake",),
    "smk": ("snakemake",),
}


def form_fields(
    request: RunRequest, facts: ServiceFacts, api_config: Mapping[str, Any]
) -> dict[str, str]:
    """The text fields of a submission, only those that this service knows.

    Raises `Unsupported` if the run needs attachments and the service ignores them.
    """
    if request.attachments and Capability.ATTACHMENTS not in facts.capabilities:
        raise Unsupported(
            "This service ignores files that are sent along: the panel's recipe must give the "
            "inputs as URLs."
        )
    fields = {
        "workflow_url": request.workflow_url,
        "workflow_type": spelling_of(request.workflow_type, facts.workflow_types),
        "workflow_type_version": request.workflow_type_version,
        "workflow_params": json.dumps(request.workflow_params),
        "tags": json.dumps({**request.tags, TAG: request.job_ref}),
    }
    if request.workflow_engine_parameters:
        # An object of texts in the standard; the engine's own parser does the rest.
        fields["workflow_engine_parameters"] = json.dumps(request.workflow_engine_parameters)
    fields.update(_engine_fields(request, facts, api_config))
    return fields


def _engine_fields(
    request: RunRequest, facts: ServiceFacts, api_config: Mapping[str, Any]
) -> dict[str, str]:
    """`workflow_engine` and its version: as the recipe or administrator says, else as needed.

    Sapporo refuses a run without an engine; a service older than 1.1.0 does not know the field.
    """
    engine = request.workflow_engine or str(api_config.get("workflow_engine") or "")
    version = request.workflow_engine_version or str(
        api_config.get("workflow_engine_version") or ""
    )
    if not engine and lists_engines_as_objects(facts.raw):
        engine = _usual_engine(request.workflow_type, facts)
    fields = {"workflow_engine": engine} if engine else {}
    if engine and version and knows_engine_fields(facts):
        fields["workflow_engine_version"] = version
    return fields


def _usual_engine(workflow_type: str, facts: ServiceFacts) -> str:
    if len(facts.workflow_engines) == 1:
        return next(iter(facts.workflow_engines))
    known = {name.lower(): name for name in facts.workflow_engines}
    usual = USUAL_ENGINES.get(workflow_type.lower(), ())
    return next((known[name] for name in usual if name in known), "")


def refusal_of(answer: Answer, *, secret: str) -> ConnectorError | None:
    """The error that the answer to a submission stands for, or None for a success.

    A job fails by a refusal, so that only what a WES says in its own words counts as one. Anything
    else (a proxy's page, a path that is not there just now) may be another answer in a while. 413
    comes from a proxy, too, but is about this submission's size.
    """
    error = error_of(answer, secret=secret, missing=InvalidAnswer)
    if not isinstance(error, (Rejected, Unsupported, InvalidAnswer)):
        return error
    if answer.status == 413:
        return Rejected(str(error))
    if isinstance(error, Rejected) and answer.status in REFUSALS and _is_object(answer):
        return error
    unexpected = InvalidAnswer(str(error))
    unexpected.may_have_arrived = not 400 <= answer.status < 500
    return unexpected


def _is_object(answer: Answer) -> bool:
    try:
        return isinstance(json_of(answer), dict)
    except InvalidAnswer:
        return False
