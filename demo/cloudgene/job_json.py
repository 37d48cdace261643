"""Jobs as JSON: Cloudgene's JobResponse with its steps, messages, parameters and downloads."""

from typing import Any

from demo.cloudgene.accounts import User
from demo.cloudgene.application import APP_ID, APP_NAME, APP_VERSION
from demo.cloudgene.jobs import Jobs
from demo.cloudgene.record import Download, Job, now

PAGE_SIZE = 15
UNITS = ("bytes", "KB", "MB", "GB", "TB")


def job_json(job: Job, jobs: Jobs, user: User, *, listed: bool = False) -> dict[str, Any]:
    """Return a job. One that is `listed` and has left the queue has no steps and parameters."""
    record, position = job.record, jobs.position(job)
    short = listed and position == -1
    return {
        "application": f"{APP_NAME} {APP_VERSION}",
        "applicationId": APP_ID,
        "deletedOn": record.deleted_on,
        "endTime": record.end_time,
        "id": record.id,
        "name": record.name,
        "logs": f"logs/{record.id}" if user.admin else "",
        "state": int(record.state),
        "positionInQueue": position,
        "userAgent": record.user_agent,
        "startTime": record.start_time,
        "submittedOn": record.submitted_on,
        "username": record.username,
        "currentTime": now(),
        "workspaceSize": None,
        "steps": [] if short else [_step(step) for step in list(record.steps)],
        "outputParams": [] if short else _parameters(job, ended=position == -1),
    }


def _step(step: dict[str, Any]) -> dict[str, Any]:
    messages = [dict(message) for message in step["messages"] if message["message"].strip()]
    empty = not step["messages"]
    return {"id": step["id"], "name": step["name"], "empty": empty, "logMessages": messages}


def _parameters(job: Job, *, ended: bool) -> list[dict[str, Any]]:
    record = job.record
    parameters = [_parameter(job, 1, "output", "Downloads", record.output_hash, record.output)]
    if ended and record.logs:
        parameters.append(
            _parameter(job, 2, "cloudgene_logs", "Logs", record.logs_hash, record.logs)
        )
    return parameters


def _parameter(
    job: Job, number: int, name: str, description: str, hash_: str, files: list[Download]
) -> dict[str, Any]:
    return {
        "id": number,
        "description": description,
        "value": None,
        "type": None,
        "download": True,
        "name": name,
        "tree": _tree(hash_, files),
        "job": None,
        "jobId": job.record.id,
        "autoExport": False,
        "hash": hash_,
        "files": [
            {
                "name": file.name,
                "path": f"{job.record.id}/{name}/{file.name}",
                "hash": file.hash,
                "count": file.count,
                "size": size_text(file.size),
                "parameterId": 0,
                "user": None,
            }
            for file in files
        ],
    }


def _tree(hash_: str, files: list[Download]) -> list[dict[str, Any]]:
    folders: dict[str, dict[str, Any]] = {}
    items = []
    for file in files:
        *above, name = file.name.split("/")
        item = {"name": name, "path": f"/browse/{hash_}/{file.name}", "hash": file.hash}
        item |= {"size": size_text(file.size), "folder": False, "childs": []}
        if above:
            key = "/".join(above)
            empty = {"name": key, "path": "", "hash": "", "size": None, "folder": True}
            folders.setdefault(key, empty | {"childs": []})["childs"].append(item)
        else:
            items.append(item)
    return [*folders.values(), *items]


def size_text(size: int) -> str:
    """Return a size as Apache Commons IO shows it: rounded down to its largest unit."""
    unit = 0
    while size >= 1024 and unit < len(UNITS) - 1:
        size, unit = size // 1024, unit + 1
    return f"{size} {UNITS[unit]}"


def page_json(number: int | None, jobs: list[Job], all_jobs: Jobs, user: User) -> dict[str, Any]:
    """Return one page of a user's jobs; all of them on one page where no `number` is given."""
    count = len(jobs)
    size = count if number is None else PAGE_SIZE
    page = 1 if number is None else number
    first = (max(page, 1) - 1) * size
    shown = jobs[first : first + size]
    pages = -(-count // size) if size else 0
    return {
        "count": count,
        "page": page if count else 0,
        "pageSize": size,
        "prev": page - 1 if count and page > 1 else None,
        "next": page + 1 if count and page < pages else None,
        "pages": [
            one
            for one in range(page - 3, page + 4)
            if count and (one == page or 0 < one <= (page if one < page else pages))
        ],
        "data": [job_json(job, all_jobs, user, listed=True) for job in shown],
    }
