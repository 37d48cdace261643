"""What is known of a WES run at its end: its logs, outputs, exit code, cause and stages."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from app.connectors.base import RunDetails, RunLog, RunState
from app.connectors.errors import ConnectorError
from app.connectors.run_stages import RunStage
from app.connectors.wes_http import WesHttp
from app.connectors.wes_logs import failure_of, read_logs
from app.connectors.wes_outputs import SharedFolder, remote_files
from app.connectors.wes_parse import (
    TERMINAL,
    exit_code_of,
    list_of,
    mapping_of,
    moment_of,
    run_status,
    text_of,
)
from app.connectors.wes_submit import TAG
from app.connectors.wes_tasks import listed_tasks, stages_of_log, stages_of_tasks


async def read_details(
    http: WesHttp, remote_id: str, folders: Sequence[SharedFolder], *, lists_tasks: bool
) -> RunDetails:
    """`GET /runs/{id}`, the logs it points to, and /tasks where that alone has the tasks."""
    body = await http.run_body(remote_id)
    own = mapping_of(body.get("run_log"))
    status = run_status(remote_id, body.get("state"))
    logs = await read_logs(http, remote_id, body)
    failure = ""
    if status.state is RunState.FAILED:
        failure = "\n".join(filter(None, (status.message, failure_of(logs))))
    stages = await _stages(http, remote_id, body, logs, status.state, lists_tasks=lists_tasks)
    return RunDetails(
        status=replace(status, stages=stages),
        job_ref=text_of(mapping_of(mapping_of(body.get("request")).get("tags")).get(TAG)),
        logs=logs,
        outputs=remote_files(http.base, remote_id, body.get("outputs"), folders),
        # wes-service says -1 while a run is at work.
        exit_code=exit_code_of(own.get("exit_code")) if status.state in TERMINAL else None,
        failure=failure,
        started_at=moment_of(own.get("start_time")),
        ended_at=moment_of(own.get("end_time")),
    )


async def _stages(
    http: WesHttp,
    remote_id: str,
    body: Mapping[str, Any],
    logs: Sequence[RunLog],
    state: RunState,
    *,
    lists_tasks: bool,
) -> Sequence[RunStage]:
    """The stages, from what is here already if it has them."""
    told = list_of(body.get("task_logs"))
    if found := stages_of_tasks(told, state) or stages_of_log(logs, state):
        return found
    if lists_tasks and text_of(body.get("task_logs_url")):
        with suppress(ConnectorError):
            return await listed_tasks(http, remote_id)
    return ()
