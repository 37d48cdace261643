"""A Cloudgene's bodies into our own types; what is missing or of another type is left out.

Job JSON and states: `AbstractJob.java`, `JobResponse.java`. Nothing here raises.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from app.connectors.base import Capability, RunState, RunStatus, ServiceFacts
from app.connectors.cloudgene_http import state_of
from app.connectors.cloudgene_stages import failure_of, stages_of
from app.connectors.cloudgene_text import line, plain

# `STATE_…` of AbstractJob.java. A job that was told to be deleted soon has still succeeded or
# failed; of one that is deleted its steps tell what became of it.
STATES: Mapping[int, tuple[str, RunState]] = MappingProxyType(
    {
        1: ("WAITING", RunState.QUEUED),
        2: ("RUNNING", RunState.RUNNING),
        3: ("EXPORTING", RunState.RUNNING),
        4: ("SUCCESS", RunState.COMPLETE),
        5: ("FAILED", RunState.FAILED),
        6: ("CANCELED", RunState.CANCELLED),
        7: ("RETIRED", RunState.COMPLETE),
        8: ("SUCCESS_AND_NOTIFICATION_SEND", RunState.COMPLETE),
        9: ("FAILED_AND_NOTIFICATION_SEND", RunState.FAILED),
        10: ("DELETED", RunState.COMPLETE),
        -1: ("DEAD", RunState.INTERRUPTED),
    }
)
WAITING = 1
GONE = (7, 10)
MAINTENANCE = "The service is under maintenance."
# The server's own spelling, and the one that it may have some day.
MAINTENANCE_KEYS = ("maintenace", "maintenance")
# What is kept of the server's description of itself.
KEPT = ("name", "version", "emailRequired", "loggedIn", "apps", *MAINTENANCE_KEYS)
LARGEST_COUNT = 2**31 - 1

CAPABILITIES = frozenset(
    {
        Capability.LIST_RUNS,
        Capability.FIND_BY_TAG,
        Capability.ATTACHMENTS,
        Capability.DOWNLOAD,
        Capability.CANCEL,
        Capability.PANELS,
        Capability.RESTART,
    }
)


def text_of(value: Any) -> str:
    """A text, or "" for anything else."""
    return value if isinstance(value, str) else ""


def mapping_of(value: Any) -> Mapping[str, Any]:
    """An object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def list_of(value: Any) -> list[Any]:
    """A list, or an empty one for anything else."""
    return value if isinstance(value, list) else []


def service_facts(server: Mapping[str, Any], counters: Any) -> ServiceFacts:
    """What `/api/v2/server` and `/api/v2/server/counters` say."""
    return ServiceFacts(
        name=line(server.get("name"), longest=120),
        version=line(server.get("version"), longest=60),
        protocol_versions=("2",),
        state_counts=_state_counts(mapping_of(counters)),
        maintenance=_maintenance(server),
        capabilities=CAPABILITIES,
        raw={key: server[key] for key in KEPT if key in server},
    )


def _maintenance(server: Mapping[str, Any]) -> str:
    """The message of a server that says it is under maintenance, else ""."""
    if not any(server.get(key) in (True, "true") for key in MAINTENANCE_KEYS):
        return ""
    told = (plain(server.get(f"{key}Message"), longest=500) for key in MAINTENANCE_KEYS)
    return next(filter(None, told), MAINTENANCE)


def _state_counts(counters: Mapping[str, Any]) -> dict[str, int]:
    """The counters as `app.domain.queue_counts` reads them.

    An application counts its own things (`samples`, `genotypes`), too; runs are `runs`, and jobs in
    the queue, those at work among them, its `size`.
    """
    parts = {"queue": "size", "running": "runs", "complete": "runs"}
    found = {
        part: mapping_of(counters.get(part)).get(key, counters.get(part))
        for part, key in parts.items()
    }
    return {
        part: count
        for part, count in found.items()
        if isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= LARGEST_COUNT
    }


def run_status(remote_id: str, job: Mapping[str, Any]) -> RunStatus:
    """How a job is, from its whole JSON.

    `positionInQueue` counts the jobs that wait before it. `deletedOn` is when its results will be,
    or were, deleted.
    """
    number = state_of(job)
    assert number is not None
    name, state = STATES.get(number, ("UNKNOWN", RunState.UNKNOWN))
    is_gone = number in GONE
    if is_gone and not _succeeded(job):
        state = RunState.FAILED
    position = job.get("positionInQueue")
    is_placed = number == WAITING and isinstance(position, int) and 0 <= position <= LARGEST_COUNT
    return RunStatus(
        remote_id,
        state,
        f"{name} ({number})",
        position=position + 1 if is_placed and isinstance(position, int) else None,
        stages=stages_of(job.get("steps"), state),
        expires_at=moment_of(job.get("deletedOn")),
        results_gone=is_gone,
    )


def _succeeded(job: Mapping[str, Any]) -> bool:
    """Whether a job whose results are deleted had succeeded, as its steps tell.

    One that left no steps at all never came to its end.
    """
    return bool(job.get("steps")) and not failure_of(job.get("steps"))


def moment_of(value: Any) -> datetime | None:
    """A time in milliseconds since 1970, or None; -1 and 0 stand for none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return None
    try:
        return datetime.fromtimestamp(value / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def job_ref_of(job: Mapping[str, Any]) -> str:
    """Our id, which travels as the job's name; a job without a name is called by its own id."""
    name = text_of(job.get("name"))
    return "" if name == job.get("id") else name


def jobs_of(body: Any) -> Mapping[str, Mapping[str, Any]] | None:
    """The jobs of a page by their ids, or None if the body is no list of jobs.

    Cloudgene 3 leaves `data` out where there are none, as it does with everything that is empty.
    """
    told = body if isinstance(body, list) else mapping_of(body).get("data")
    if told is None and "count" in mapping_of(body):
        told = []
    if not isinstance(told, list):
        return None
    jobs = (mapping_of(one) for one in told)
    return {job["id"]: job for job in jobs if text_of(job.get("id"))}


def is_last_page(body: Any, number: int) -> bool:
    """Whether a page says that it is the last one."""
    page = mapping_of(body)
    count, size = page.get("count"), page.get("pageSize")
    if isinstance(count, int) and isinstance(size, int):
        return number * size >= count
    return "next" in page and page["next"] is None
