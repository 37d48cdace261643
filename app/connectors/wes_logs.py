"""Logs of a WES run, whatever form they come in.

`stdout` and `stderr` are URLs in the standard. In practice they are absolute URLs (Starter Kit),
relative ones (Toil), the text itself with terminal codes (Sapporo, wes-service), or a path on the
service's disk (WESkit).
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.connectors.base import RunLog
from app.connectors.bodies import LEFT_OUT
from app.connectors.client import fetch
from app.connectors.errors import ConnectorError
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
        return run_log(name, value, is_truncated=value.startswith(LEFT_OUT))
    url = http.joined(http.url("runs", remote_id), value_line)
    if url is None:
        return run_log(name, value)
    try:
        # No range is asked for: Toil answers 500 to one that is longer than the log.
        request = await http.request("GET", url, headers={"Accept": "text/plain, */*"})
        answer = await fetch(http.client, request, limit=LOG_LENGTH, keep_tail=True)
        if answer.is_success and not answer.is_html:
            return run_log(name, answer.text, is_truncated=answer.is_cut)
        reason = f"the service answered {answer.status} instead"
    except ConnectorError as error:
        reason = str(error).rstrip(".")
    return run_log(name, f"(Kept at the service as {value_line}, but not to be had: {reason}.)")


# cwltool writes a level before its own lines, Toil a time; what a tool wrote stands as it is.
_ENGINE_LINE = re.compile(r"(?:INFO|WARNING|ERROR|DEBUG)\b|\[?\d{4}-\d\d-\d\d|[=<>]{3,}")
_TOOL_FAILED = re.compile(r"exited with status|completed permanentFail")
_ERROR_WORD = re.compile(r"\b(?:error|exception|fatal|failed|cannot|refused)\b", re.IGNORECASE)


def failure_of(logs: Sequence[RunLog]) -> str:
    """The lines that most likely tell why a run failed, or "".

    They are what the tool that failed wrote last: lines that speak of an error, and the last one.
    """
    text = "\n".join(log.text for log in logs if log.name.endswith("stderr"))
    said = _toil_stderr(text) or _last_words(text.split("\n"))
    said = [line.strip() for line in said if line.strip()]
    wrong = [line for line in said if _ERROR_WORD.search(line)]
    found = [*wrong[:3], said[-1]] if wrong else said[-3:]
    return "\n".join(dict.fromkeys(found))[:1000]


def _toil_stderr(text: str) -> list[str]:
    """The lines between Toil's last "stderr follows:" with its arrow and the arrow that ends it.

    Found without a pattern that would try every beginning with every end.
    """
    end = text.rfind("<==")
    start = text.rfind("stderr follows:\n=", 0, max(end, 0))
    arrow = text.find("=>\n", start, end) if start >= 0 else -1
    return text[arrow + 3 : end].rstrip("<=").split("\n") if arrow >= 0 else []


def _last_words(lines: Sequence[str]) -> list[str]:
    """What stands between the engine's lines before the first that reports a failed tool.

    Indented lines are left out: they are the command that the engine shows.
    """
    words: list[str] = []
    for line in lines:
        if not _ENGINE_LINE.match(line):
            words += [line] if line and not line[0].isspace() else []
        elif words and _TOOL_FAILED.search(line):
            return words
        else:
            words = []
    return words or [line for line in lines if line.strip()][-3:]
