"""WES bodies into our own types, every field taken as optional.

Three releases (1.0.0, 1.0.1, 1.1.0) and the servers in use differ in nearly every field of
`service-info` and of a run log, and few servers send all that the standard requires. What is
missing or of an unexpected type is left out; nothing here raises.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.connectors.answers import plain_text
from app.connectors.base import Capability, RunLog, RunState, RunStatus, ServiceFacts

LOG_LENGTH = 1024**2
LONGEST_WORD = 60
LONGEST_ID = 300

# WES 1.1.0 `State`; DELETED and DELETING are Sapporo's. A word that is not here is UNKNOWN.
STATES = {
    "QUEUED": RunState.QUEUED,
    "INITIALIZING": RunState.QUEUED,
    "RUNNING": RunState.RUNNING,
    "PAUSED": RunState.RUNNING,
    "COMPLETE": RunState.COMPLETE,
    "EXECUTOR_ERROR": RunState.FAILED,
    "SYSTEM_ERROR": RunState.FAILED,
    "PREEMPTED": RunState.FAILED,
    "DELETED": RunState.FAILED,
    "DELETING": RunState.CANCELLING,
    "CANCELING": RunState.CANCELLING,
    "CANCELED": RunState.CANCELLED,
}
MESSAGES = {
    "EXECUTOR_ERROR": "The workflow failed.",
    "SYSTEM_ERROR": "The service itself failed while it ran the workflow.",
    "PREEMPTED": "The service stopped the run to make room for others.",
    "DELETED": "The run was deleted at the service.",
}
TERMINAL = frozenset({RunState.COMPLETE, RunState.FAILED, RunState.CANCELLED})

# Ids that no service has given to a run, asked for to see what it says of runs it does not have.
MADE_UP_IDS = ("6f1d1f66-0000-4000-8000-000000000000", "fgip-no-such-run")

_PYTHON_BYTES = re.compile(r"^b'(.*)'$")
_ALIASES = {"nfl": "nextflow", "smk": "snakemake"}


def text_of(value: Any) -> str:
    """A text, or "" for anything else."""
    return value if isinstance(value, str) else ""


def mapping_of(value: Any) -> Mapping[str, Any]:
    """An object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def list_of(value: Any) -> Sequence[Any]:
    """A list, or an empty one for anything else."""
    return value if isinstance(value, list) else []


def looks_like_service_info(body: Any) -> bool:
    """Whether JSON can be a WES service-info; the least of them name only types and engines."""
    info = mapping_of(body)
    return (
        any(key.startswith(("workflow_type_version", "workflow_engine_version")) for key in info)
        or "supported_wes_versions" in info
        or text_of(mapping_of(info.get("type")).get("artifact")).lower() == "wes"
    )


def service_facts(body: Mapping[str, Any]) -> ServiceFacts:
    """What a service-info says, from any release and server."""
    kind, organization = mapping_of(body.get("type")), body.get("organization")
    versions = _texts(body.get("supported_wes_versions")) or _texts(kind.get("version"))
    return ServiceFacts(
        name=text_of(body.get("name")),
        version=text_of(body.get("version")),
        description=text_of(body.get("description")),
        organization=text_of(mapping_of(organization).get("name")) or text_of(organization),
        contact_url=text_of(body.get("contactUrl")) or text_of(body.get("contact_info_url")),
        documentation_url=text_of(body.get("documentationUrl")),
        protocol_versions=versions,
        # Cromwell's proposal spells the key in the singular.
        workflow_types=_versions(
            body.get("workflow_type_versions") or body.get("workflow_type_version")
        ),
        workflow_engines=_versions(body.get("workflow_engine_versions")),
        filesystem_protocols=_texts(body.get("supported_filesystem_protocols")),
        default_parameters=_parameters(body.get("default_workflow_engine_parameters")),
        state_counts={
            state: count
            for state, count in mapping_of(body.get("system_state_counts")).items()
            if isinstance(count, int)
        },
        auth_instructions_url=text_of(body.get("auth_instructions_url")),
        capabilities=_capabilities(body),
        raw=body,
    )


def _texts(value: Any) -> tuple[str, ...]:
    """Texts from a list, or from one text; wes-service writes an unknown version as "b''"."""
    values = value if isinstance(value, list) else [value]
    found = (_PYTHON_BYTES.sub(r"\1", text_of(item)) for item in values)
    return tuple(text for text in found if text)


def _versions(value: Any) -> dict[str, tuple[str, ...]]:
    """`{name: "v"}`, `{name: ["v"]}` or `{name: {"workflow_…_version": ["v"]}}` as one shape."""
    return {
        name: tuple(
            version
            for part in (versions.values() if isinstance(versions, dict) else [versions])
            for version in _texts(part)
        )
        for name, versions in mapping_of(value).items()
    }


def _parameters(value: Any) -> tuple[Mapping[str, Any], ...]:
    """A list of parameters, or Sapporo's lists by engine, whose name each then carries."""
    if isinstance(value, dict):
        return tuple(
            {**item, "engine": engine}
            for engine, items in value.items()
            for item in list_of(items)
            if isinstance(item, dict)
        )
    return tuple(item for item in list_of(value) if isinstance(item, dict))


def is_sapporo(info: Mapping[str, Any]) -> bool:
    """Whether a service-info is of Sapporo, which filters runs by tag."""
    versions = [*_texts(info.get("supported_wes_versions")), text_of(info.get("id"))]
    group = text_of(mapping_of(info.get("type")).get("group"))
    return any(text.startswith("sapporo") for text in [*versions, group])


def is_toil(info: Mapping[str, Any]) -> bool:
    """Whether a service-info is of Toil, whose engine is itself."""
    return set(mapping_of(info.get("workflow_engine_versions"))) == {"toil"}


def is_starter_kit(info: Mapping[str, Any]) -> bool:
    """Whether a service-info is of the GA4GH Starter Kit (0.3.2), which lacks half the standard.

    It alone lists bare versions for a workflow type, and its name can be changed.
    """
    names = " ".join(text_of(info.get(key)) for key in ("id", "name", "documentationUrl")).lower()
    types = mapping_of(info.get("workflow_type_versions"))
    has_bare_versions = bool(types) and all(isinstance(item, list) for item in types.values())
    return bool(re.search(r"starter[- ]?kit", names)) or (
        has_bare_versions and "supported_wes_versions" not in info
    )


def _capabilities(info: Mapping[str, Any]) -> frozenset[Capability]:
    """What the service can do as far as its description tells.

    The Starter Kit lists only some runs, and ignores tags, attachments and cancels.
    """
    if is_starter_kit(info):
        return frozenset({Capability.TASKS})
    found = {
        Capability.LIST_RUNS,
        Capability.FIND_BY_TAG,
        Capability.ATTACHMENTS,
        Capability.CANCEL,
    }
    if is_sapporo(info):
        return frozenset(found | {Capability.DOWNLOAD})
    return frozenset(found | {Capability.TASKS})


def lists_engines_as_objects(info: Mapping[str, Any]) -> bool:
    """Whether engines are described as WES 1.1.0 does, which also brought `workflow_engine`."""
    engines = mapping_of(info.get("workflow_engine_versions"))
    return bool(engines) and all(isinstance(value, dict) for value in engines.values())


def knows_engine_fields(facts: ServiceFacts) -> bool:
    """Whether the service knows `workflow_engine` and `workflow_engine_version` (new in 1.1.0)."""
    return lists_engines_as_objects(facts.raw) or any(
        version.startswith("1.1") for version in facts.protocol_versions
    )


def spelling_of(name: str, known: Mapping[str, Any]) -> str:
    """A workflow type as the service spells it (CWL or cwl, NFL or NEXTFLOW), else as it is."""

    def plain(text: str) -> str:
        return _ALIASES.get(text.lower(), text.lower())

    return next((spelling for spelling in known if plain(spelling) == plain(name)), name)


def run_status(remote_id: str, state: Any) -> RunStatus:
    """A run's state in our words beside the service's own."""
    raw = plain_text(text_of(state)[:LONGEST_WORD]).strip()
    return RunStatus(
        remote_id=remote_id,
        state=STATES.get(raw.upper(), RunState.UNKNOWN),
        raw_state=raw,
        message=MESSAGES.get(raw.upper(), ""),
    )


def told_runs(body: Any) -> Sequence[Any] | None:
    """All entries of a list of runs: under `runs`, or under `workflows` (Toil, wes-service)."""
    page = mapping_of(body)
    told = page["runs"] if isinstance(page.get("runs"), list) else page.get("workflows")
    return told if isinstance(told, list) else None


def listed_runs(body: Any) -> Sequence[Mapping[str, Any]]:
    """The runs of a list that have an id."""
    return [run for run in told_runs(body) or () if isinstance(run, dict) and run_id_of(run)]


def run_id_of(body: Any) -> str:
    """The run's id, or "" where it is none that can be asked for; some servers use integers."""
    value = mapping_of(body).get("run_id")
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    found = str(value)
    is_usable = found.isprintable() and len(found) <= LONGEST_ID and found not in (".", "..")
    return found if is_usable else ""


def tags_of(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The tags of a run log's request, None where no request is repeated."""
    request = body.get("request")
    return mapping_of(request.get("tags")) if isinstance(request, dict) and request else None


def moment_of(value: Any) -> datetime | None:
    """A time with a zone, UTC if none is given, or None.

    A server's clock and zone may be wrong: an end can lie before its start.
    """
    try:
        moment = datetime.fromisoformat(text_of(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def exit_code_of(value: Any) -> int | None:
    """An exit code, also where it is a text, or None."""
    try:
        return int(value) if isinstance(value, int | str) else None
    except ValueError:
        return None


def run_log(name: str, text: str, *, is_truncated: bool = False) -> RunLog:
    """A log, plain and no longer than a mebibyte: its end, where the cause of a failure stands."""
    plain = plain_text(text[-2 * LOG_LENGTH :])
    is_shortened = len(text) > 2 * LOG_LENGTH or len(plain) > LOG_LENGTH
    return RunLog(name, plain[-LOG_LENGTH:], is_truncated or is_shortened)
