"""What a WES body says of the service's conformance: service-info, a list, a run log, an error.

The standard: https://github.com/ga4gh/workflow-execution-service-schemas, releases 1.0.0 to 1.1.0.
Nothing here asks or raises.
"""

import json
import re
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.connectors.answers import Answer, plain_text
from app.connectors.conformance import Feature, Observation, observation
from app.connectors.wes_outputs import outputs_of
from app.connectors.wes_parse import STATES, list_of, listed_runs, mapping_of, text_of

RELEASES = frozenset({"1.0.0", "1.0.1", "1.1.0"})
# The GA4GH service-info's own required fields, which WES has since 1.0.1.
REQUIRED = ("id", "name", "type", "organization", "version")
# WES 1.1.0, `State`.
STANDARD_STATES = frozenset(STATES) - {"DELETED", "DELETING"} | {"UNKNOWN"}
AT_WORK = frozenset({"QUEUED", "INITIALIZING", "RUNNING", "PAUSED", "CANCELING"})

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_URL = re.compile(r"(?:https?://|\.\.?/)\S+")
_DOWNLOADABLE = ("http://", "https://")


def of_service_info(info: Mapping[str, Any]) -> list[Observation]:
    """The description itself, its release, and the shapes of its versions."""
    missing = [name for name in REQUIRED if not info.get(name)]
    releases = [text_of(value) for value in list_of(info.get("supported_wes_versions"))]
    named = ", ".join(map(shown, releases)) or "none"
    said = f"It lacks {', '.join(missing)}." if missing else "All of them are there."
    return [
        observation(Feature.SERVICE_INFO, not missing, said),
        observation(Feature.RELEASE, bool(RELEASES & set(releases)), f"It names {named}."),
        _versions(info),
    ]


def _versions(info: Mapping[str, Any]) -> Observation:
    types = mapping_of(info.get("workflow_type_versions"))
    odd = [name for name, value in types.items() if not _is_versions(value)]
    if not types:
        return observation(Feature.VERSIONS, False, "It names no workflow types.")
    if odd:
        example = f"{shown(odd[0])}: {shown(types[odd[0]])}"
        return observation(Feature.VERSIONS, False, f"Types in another shape: {example}.")
    return observation(Feature.VERSIONS, True, f"{len(types)} workflow types in that shape.")


def _is_versions(value: Any) -> bool:
    return isinstance(mapping_of(value).get("workflow_type_version"), list)


def of_list(body: Any) -> list[Observation]:
    """The list of runs: its key, its end, and what it says of each run."""
    page, runs = mapping_of(body), listed_runs(body)
    keys = [key for key in ("runs", "workflows") if isinstance(page.get(key), list)]
    has_runs = "runs" in keys
    found = [
        observation(
            Feature.LIST_KEY,
            has_runs if keys else False,
            f"The runs are under “{keys[0]}”." if keys else "The answer holds no list of runs.",
        )
    ]
    if keys:
        found += [_end_of(page), _states_of(runs), _tags_of(runs)]
    return found


def _end_of(page: Mapping[str, Any]) -> Observation:
    if "next_page_token" not in page:
        return observation(Feature.PAGE_TOKEN, False, "There is no next_page_token.")
    token = page["next_page_token"]
    if isinstance(token, str) and token:
        return observation(Feature.PAGE_TOKEN, None, "The list has more pages than were read.")
    return observation(Feature.PAGE_TOKEN, token == "", f"It is {shown(token)} at the end.")


def _states_of(runs: Sequence[Mapping[str, Any]]) -> Observation:
    feature = Feature.LIST_STATES
    if not runs:
        return observation(feature, None, "The list is empty.")
    states = {text_of(run.get("state")) for run in runs}
    odd = sorted(states - STANDARD_STATES)
    if odd:
        return observation(feature, False, f"It says {', '.join(map(shown, odd[:5]))}.")
    return observation(feature, True, f"It says {', '.join(sorted(states))}.")


def _tags_of(runs: Sequence[Mapping[str, Any]]) -> Observation:
    if not runs:
        return observation(Feature.LIST_TAGS, None, "The list is empty.")
    tagged = sum(isinstance(run.get("tags"), dict) for run in runs)
    return observation(Feature.LIST_TAGS, tagged > 0, f"{tagged} of {len(runs)} runs show tags.")


def of_run_log(body: Mapping[str, Any]) -> list[Observation]:
    """A run log: its times, its logs, its outputs."""
    log = mapping_of(body.get("run_log"))
    return [_dates(log), _logs(log), _outputs(body.get("outputs"))]


def _dates(log: Mapping[str, Any]) -> Observation:
    times = {name: log[name] for name in ("start_time", "end_time") if log.get(name)}
    if not times:
        return observation(Feature.DATES, None, "The run log gives no times.")
    wrong = [value for value in times.values() if not _DATE.fullmatch(text_of(value))]
    shown_times = " and ".join(shown(value) for value in (wrong or list(times.values())))
    return observation(Feature.DATES, not wrong, f"It says {shown_times}.")


def _logs(log: Mapping[str, Any]) -> Observation:
    values = [text_of(log.get(name)).strip() for name in ("stdout", "stderr")]
    kinds = sorted({_kind_of_log(value) for value in values if value})
    if not kinds:
        return observation(Feature.LOGS, None, "The run log has neither stdout nor stderr.")
    return observation(Feature.LOGS, kinds == ["URLs"], f"They are {' and '.join(kinds)}.")


def _kind_of_log(value: str) -> str:
    if _URL.fullmatch(value):
        return "URLs" if value.startswith(_DOWNLOADABLE) else "relative URLs"
    is_path = "\n" not in value and " " not in value and "/" in value
    return "paths on its own disk" if is_path else "the texts themselves"


def _outputs(outputs: Any) -> Observation:
    places = [found.location for found in outputs_of(outputs)]
    if not places:
        return observation(Feature.OUTPUTS, None, "The run left no outputs.")
    by_url = [place for place in places if place.startswith(_DOWNLOADABLE)]
    if by_url:
        return observation(Feature.OUTPUTS, True, "Outputs are named by URLs.")
    return observation(Feature.OUTPUTS, False, f"They are paths: {shown(places[0])}.")


def of_error(answer: Answer) -> Observation:
    """The body of an error."""
    kind = answer.headers.get("content-type", "").partition(";")[0] or "no content type"
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return observation(Feature.ERRORS, False, f"{answer.status} as {plain_text(kind)}.")
    conforms = {"msg", "status_code"} <= set(mapping_of(body))
    keys = ", ".join(shown(key) for key in list(mapping_of(body))[:6])
    return observation(Feature.ERRORS, conforms, f"{answer.status} with {keys or 'no object'}.")


def shown(value: Any) -> str:
    """A value of an answer, short and plain."""
    if isinstance(value, str):
        text = value
    else:
        text = reprlib.repr(value) if isinstance(value, list | dict) else json.dumps(value)
    plain = " ".join(plain_text(text).split())
    return f"“{plain[:60]}{'…' if len(plain) > 60 else ''}”"


def unfinished(runs: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The listed runs that are still at work."""
    return (run for run in runs if text_of(run.get("state")).upper() in AT_WORK)
