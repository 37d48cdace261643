"""The stages of a WES run: its tasks, or the steps in the words of cwltool.

`task_logs` stands in the run log until WES 1.1.0, and below /tasks since then; Toil fills it with
names and exit codes, Sapporo and wes-service leave it empty. Those run cwltool, which writes how
each step begins and ends.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.connectors.answers import json_of
from app.connectors.base import RunLog, RunState
from app.connectors.errors import InvalidAnswer, Rejected, UnknownRun, Unsupported
from app.connectors.run_stages import RunMessage, RunStage, Severity, StageState
from app.connectors.wes_http import WesHttp
from app.connectors.wes_parse import exit_code_of, list_of, mapping_of, text_of

MOST_TASKS = 2000
MOST_STAGES = 40
LONGEST_NAME = 100

# Toil: "impute.cwl.report._:ba655acc-34e1-499b-a5cf-ea0b125cb8af", and "impute.cwl" for all of it.
# A step takes whatever follows, line breaks too, or a long name would be tried from every dot on.
_TOIL = re.compile(
    r"[^/]*?\.cwl(?:\.(?P<step>[^_.].*?))?(?:\._(?:resolve|:[0-9a-f-]{36})?)?", re.DOTALL
)
_STEP = re.compile(
    r"^(?:INFO|WARNING) \[step (?P<name>[^\]\n]{1,100})\] (?:(?P<begins>start)|completed "
    r"(?P<end>success|permanentFail|temporaryFail|skipped))",
    re.MULTILINE,
)

_Told = tuple[str, StageState, int | None]


async def listed_tasks(http: WesHttp, remote_id: str) -> Sequence[RunStage]:
    """`GET /runs/{id}/tasks` (WES 1.1.0), its first page; `Unsupported` where there is none."""
    request = await http.request("GET", http.url("runs", remote_id, "tasks"))
    try:
        body = json_of(await http.ask(request, missing=Unsupported))
    except (Rejected, UnknownRun, InvalidAnswer) as error:
        raise Unsupported(str(error)) from error
    return stages_of_tasks(list_of(mapping_of(body).get("task_logs")), RunState.RUNNING)


def stages_of_tasks(tasks: Sequence[Any], state: RunState) -> list[RunStage]:
    """The stages that tasks stand for, in their order; tasks of one name are parts of one stage."""
    told = [_told(mapping_of(task), state) for task in tasks[:MOST_TASKS]]
    known = [one for one in told if one is not None]
    if all(_is_toil(mapping_of(task)) for task in tasks):
        known = _last_failure_only(known)
    by_name: dict[str, list[_Told]] = {}
    for one in known:
        by_name.setdefault(one[0], []).append(one)
    return [_merged(name, parts) for name, parts in list(by_name.items())[:MOST_STAGES]]


def stages_of_log(logs: Sequence[RunLog], state: RunState) -> list[RunStage]:
    """The steps that cwltool reports in a run's standard error."""
    text = "\n".join(log.text for log in logs if log.name == "stderr")
    steps: dict[str, StageState] = {}
    for line in _STEP.finditer(text):
        if line["begins"]:
            steps.setdefault(line["name"], _unfinished(state))
        elif line["name"] in steps:
            is_well = line["end"] in ("success", "skipped")
            steps[line["name"]] = StageState.DONE if is_well else StageState.FAILED
    return [RunStage(name, found) for name, found in list(steps.items())[:MOST_STAGES]]


def _told(task: Mapping[str, Any], state: RunState) -> _Told | None:
    name = text_of(task.get("name")) or text_of(task.get("id"))
    if (toil := _TOIL.fullmatch(name)) is not None:
        # The whole workflow, and what Toil does to gather its outputs, are no stages of it.
        name = toil["step"] or ""
    if not name:
        return None
    code = exit_code_of(task.get("exit_code"))
    if code not in (0, None):
        found = StageState.FAILED
    elif code == 0 or text_of(task.get("end_time")):
        found = StageState.DONE
    elif text_of(task.get("start_time")):
        found = _unfinished(state)
    else:
        found = StageState.DONE if state is RunState.COMPLETE else StageState.AHEAD
    return name[:LONGEST_NAME], found, code


def _unfinished(state: RunState) -> StageState:
    if state is RunState.COMPLETE:
        return StageState.DONE
    return StageState.FAILED if state is RunState.FAILED else StageState.RUNNING


def _is_toil(task: Mapping[str, Any]) -> bool:
    return _TOIL.fullmatch(text_of(task.get("name"))) is not None and "start_time" not in task


def _last_failure_only(tasks: Sequence[_Told]) -> list[_Told]:
    """Toil counts a task as failed whose successor failed: only the last one truly did."""
    failed = [number for number, one in enumerate(tasks) if one[1] is StageState.FAILED]
    return [
        (name, StageState.DONE, 0) if number in failed[:-1] else (name, state, code)
        for number, (name, state, code) in enumerate(tasks)
    ]


def _merged(name: str, parts: Sequence[_Told]) -> RunStage:
    states = [state for _name, state, _code in parts]
    done = states.count(StageState.DONE)
    if StageState.FAILED in states:
        found = StageState.FAILED
    elif done == len(states):
        found = StageState.DONE
    elif done or StageState.RUNNING in states:
        found = StageState.RUNNING
    else:
        found = StageState.AHEAD
    codes = sorted({code for _name, state, code in parts if state is StageState.FAILED and code})
    said = [RunMessage(Severity.ERROR, f"Ended with exit code {code}.") for code in codes]
    if len(parts) == 1:
        return RunStage(name, found, messages=said)
    return RunStage(name, found, done, len(parts), messages=said)
