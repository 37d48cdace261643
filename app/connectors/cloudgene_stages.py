"""How far a Cloudgene job is, from the messages of its steps.

A step (`StepResponse.java`) is what the application calls a group of its processes; all of them are
there from the start, without messages. A process that works in parts says `<b>Imputation
(3/10)</b>` and draws a bar (`NextflowProcessRenderer.java`): each of these becomes a stage of its
own. The types of messages are those of `Message.java`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.connectors.base import RunState
from app.connectors.cloudgene_text import line, plain
from app.connectors.run_stages import RunMessage, RunStage, Severity, StageState

SEVERITIES: Mapping[int, Severity] = {
    0: Severity.OK,
    1: Severity.ERROR,
    2: Severity.WARNING,
    3: Severity.RUNNING,
}
MOST_STEPS = 40
MOST_MESSAGES = 100
# A step with more different counts than this counts something else than its parts.
MOST_COUNTS = 6

_COUNTED = re.compile(r"(?P<label>\S.{0,99}?) ?\((?P<done>\d{1,7})/(?P<total>\d{1,7})\)")


@dataclass
class _Part:
    """A stage while it is put together; `says` is every severity in it, counts included."""

    name: str
    done: int | None = None
    total: int | None = None
    messages: list[RunMessage] = field(default_factory=list)
    says: set[Severity] = field(default_factory=set)

    @property
    def is_unfinished(self) -> bool:
        return self.done is not None and self.total is not None and self.done < self.total


def stages_of(steps: Any, state: RunState) -> tuple[RunStage, ...]:
    """The stages of a job that is in this state, in the server's order."""
    parts = [part for step in _steps(steps) for part in _parts(step)]
    states = _states(parts, state)
    return tuple(
        RunStage(part.name, found, part.done, part.total, tuple(part.messages))
        for part, found in zip(parts, states, strict=True)
        # What a finished run never came to (imputation, where only quality was checked) was not
        # part of it.
        if found is not StageState.AHEAD or state is not RunState.COMPLETE
    )


def messages_of(step: Mapping[str, Any]) -> list[RunMessage]:
    """What the server said in a step, the latest where it said very much."""
    told = step.get("logMessages")
    found = told[-MOST_MESSAGES:] if isinstance(told, list) else []
    messages = (_message(item) for item in found if isinstance(item, dict))
    return [message for message in messages if message.text]


def failure_of(steps: Any) -> str:
    """The server's error messages, each once, in their order."""
    texts = (
        message.text
        for step in _steps(steps)
        for message in messages_of(step)
        if message.severity is Severity.ERROR
    )
    return "\n".join(dict.fromkeys(texts))


def transcript_of(steps: Any) -> str:
    """All messages as a log to read."""
    lines: list[str] = []
    for step in _steps(steps):
        lines.append(f"{_name(step)}:")
        for message in messages_of(step):
            at = f"{message.at:%Y-%m-%d %H:%M:%S} UTC " if message.at else ""
            lines.append(f"  {at}[{message.severity}] {message.text}")
    return "\n".join(lines)


def _steps(steps: Any) -> list[Mapping[str, Any]]:
    found = steps[:MOST_STEPS] if isinstance(steps, list) else []
    return [step for step in found if isinstance(step, dict)]


def _name(step: Mapping[str, Any]) -> str:
    return line(step.get("name"), longest=100) or "A step without a name"


def _message(item: Mapping[str, Any]) -> RunMessage:
    kind = item.get("type")
    if isinstance(kind, int) and kind in SEVERITIES:
        severity = SEVERITIES[kind]
    else:
        severity = Severity.ERROR if item.get("success") is False else Severity.OK
    return RunMessage(severity, plain(item.get("message")), _at(item.get("time")))


def _at(value: Any) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 10**14:
        return None
    return datetime.fromtimestamp(value / 1000, UTC)


def _parts(step: Mapping[str, Any]) -> list[_Part]:
    """The stages that a step stands for: one for each of its counts, or the step itself."""
    messages = messages_of(step)
    counts = [_COUNTED.fullmatch(message.text.partition("\n")[0]) for message in messages]
    labels = {found["label"] for found in counts if found}
    whole = _Part(_name(step))
    if not labels or len(labels) > MOST_COUNTS:
        whole.messages, whole.says = messages, {message.severity for message in messages}
        return [whole]
    parts: dict[str, _Part] = {}
    for message, found in zip(messages, counts, strict=True):
        if found:
            part = parts.setdefault(found["label"], _Part(found["label"]))
            done, total = int(found["done"]), int(found["total"])
            part.done, part.total = (done, total) if done <= total else (None, None)
            part.says = {one for one in part.says if one is not Severity.RUNNING}
        else:
            part = next(reversed(parts.values()), whole)
        part.says.add(message.severity)
        if not found or "\n" in message.text:
            part.messages.append(message)
    first = next(iter(parts.values()))
    first.messages[:0] = whole.messages
    first.says |= whole.says - {Severity.RUNNING}
    return list(parts.values())


def _states(parts: Sequence[_Part], state: RunState) -> list[StageState]:
    if state is RunState.COMPLETE:
        return [StageState.DONE if part.says else StageState.AHEAD for part in parts]
    if state in (RunState.FAILED, RunState.CANCELLED):
        return _ended_states(parts)
    states = [_state_at_work(part) for part in parts]
    return _with_current(states) if state is RunState.RUNNING else states


def _with_current(states: list[StageState]) -> list[StageState]:
    """The stages of a run at work, in one of which it is, though that may say nothing just now."""
    reached = max((n for n, one in enumerate(states) if one is not StageState.AHEAD), default=-1)
    found = [
        StageState.DONE if one is StageState.AHEAD and number < reached else one
        for number, one in enumerate(states)
    ]
    is_untold = not {StageState.RUNNING, StageState.FAILED} & set(found)
    if is_untold and reached + 1 < len(found):
        found[reached + 1] = StageState.RUNNING
    return found


def _state_at_work(part: _Part) -> StageState:
    if not part.says:
        return StageState.AHEAD
    if Severity.ERROR in part.says:
        return StageState.FAILED
    if Severity.RUNNING in part.says or part.is_unfinished:
        return StageState.RUNNING
    return StageState.DONE


def _ended_states(parts: Sequence[_Part]) -> list[StageState]:
    """Where a run that came to no good end stopped: one stage failed, later ones were not reached.

    Cloudgene writes its last words (“Pipeline execution failed.”) into the last step, whichever
    failed.
    """
    stopped = next((n for n, part in enumerate(parts) if _has_stopped(part)), None)
    if stopped is None:
        stopped = max((n for n, part in enumerate(parts) if part.says), default=-1)
    return [
        StageState.FAILED
        if number == stopped
        else StageState.DONE
        if part.says - {Severity.ERROR} and not part.is_unfinished
        else StageState.AHEAD
        for number, part in enumerate(parts)
    ]


def _has_stopped(part: _Part) -> bool:
    return part.is_unfinished or bool(part.says & {Severity.ERROR, Severity.RUNNING})
