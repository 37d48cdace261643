"""Logs of a WES run, whatever form they come in.

`stdout` and `stderr` are URLs in the standard. In practice they are absolute URLs (Starter Kit),
relative ones (Toil), the text itself with terminal codes (Sapporo, wes-service), or a path on the
service's disk (WESkit).
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from app.connectors.base import ConnectorError, RunLog
from app.connectors.client import fetch
from app.connectors.wes_http import WesHttp
from app.connectors.wes_parse import (
    LOG_LENGTH,
    exit_code_of,
    list_of,
    mapping_of,
    run_log,
    text_of,
)

STREAMS = ("stderr", "stdout")
MOST_TASKS = 10

_ABSOLUTE = re.compile(r"https?://\S+\Z")
_RELATIVE = re.compile(r"(?:\.\.?/|/)[^\s{}\"'<>]*\Z")
_PATH = re.compile(r"(?:file://|[.\w-]*/)[^\s{}\"'<>]*\Z")


async def read_logs(http: WesHttp, remote_id: str, body: Mapping[str, Any]) -> list[RunLog]:
    """The logs of a run log's body: the run's own, the system's, and those of tasks that failed."""
    own = mapping_of(body.get("run_log"))
    wanted = [(stream, text_of(own.get(stream))) for stream in STREAMS]
    wanted.append(("system log", _lines(own.get("system_logs"))))
    failed = [
        task
        for task in map(mapping_of, list_of(body.get("task_logs")))
        if exit_code_of(task.get("exit_code")) not in (0, None)
    ]
    for task in failed[:MOST_TASKS]:
        name = text_of(task.get("name")) or text_of(task.get("id")) or "task"
        wanted += [(f"{name}: {stream}", text_of(task.get(stream))) for stream in STREAMS]
    found = await asyncio.gather(
        *(_read_log(http, remote_id, name, value) for name, value in wanted if value.strip())
    )
    return [log for log in found if log.text.strip()]


def _lines(value: Any) -> str:
    return "\n".join(text_of(line) for line in list_of(value))


async def _read_log(http: WesHttp, remote_id: str, name: str, value: str) -> RunLog:
    """One log, from its URL if the value is one, else the value itself.

    A log that cannot be had does not spoil the others: its text then says where it is and why.
    """
    value_line = value.strip()
    if not (_ABSOLUTE.match(value_line) or _RELATIVE.match(value_line)):
        if _PATH.match(value_line):
            return run_log(name, f"(Kept at the service as {value_line}.)")
        return run_log(name, value)
    url = http.joined(http.url("runs", remote_id), value_line)
    if url is None:
        return run_log(name, value)
    try:
        # The end of a log is enough, and a service that knows ranges sends no more than that.
        request = await http.request(
            "GET", url, headers={"Accept": "text/plain, */*", "Range": f"bytes=-{LOG_LENGTH}"}
        )
        answer = await fetch(http.client, request, limit=LOG_LENGTH, keep_tail=True)
        if answer.status == 416:
            return run_log(name, "")
        if answer.is_success and not answer.is_html:
            is_part = answer.status == 206 and not _is_whole(answer.headers.get("content-range"))
            return run_log(name, answer.text, is_truncated=answer.is_cut or is_part)
        reason = f"the service answered {answer.status} instead"
    except ConnectorError as error:
        reason = str(error).rstrip(".")
    return run_log(name, f"(Kept at the service as {value_line}, but not to be had: {reason}.)")


def _is_whole(content_range: str | None) -> bool:
    matched = re.match(r"bytes 0-(\d+)/(\d+)$", content_range or "")
    return matched is not None and int(matched[1]) + 1 == int(matched[2])
