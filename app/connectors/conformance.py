"""Whether a service does as the standard says: the features that are looked at, and the verdicts.

What a feature should be, and what the platform does where a service deviates, stands here for
people to read. How each is found out is the business of the connectors.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from app.connectors.base import ServiceFacts

EVIDENCE_LENGTH = 400
# The protocols (`api_type`) that there is a standard for.
STANDARDISED = ("wes",)

# Hears each step of a trial.
Tell = Callable[[str], Awaitable[None]]


class Verdict(StrEnum):
    """Whether a service has a feature as the standard says."""

    CONFORMS = "conforms"
    DEVIATES = "deviates"
    UNTOLD = "untold"


class How(StrEnum):
    """How a verdict was reached: by asking, by a trial run, or in the work with real jobs."""

    ASKED = "asked"
    TRIAL = "trial"
    SEEN = "seen"


class Feature(StrEnum):
    """A part of the standard in which services are known to differ."""

    SERVICE_INFO = "service_info"
    RELEASE = "release"
    VERSIONS = "versions"
    AUTHORISATION = "authorisation"
    LIST_KEY = "list_key"
    PAGE_SIZE = "page_size"
    PAGE_TOKEN = "page_token"  # noqa: S105 (no password)
    LIST_STATES = "list_states"
    LISTS_RUNNING = "lists_running"
    LIST_TAGS = "list_tags"
    TAG_FILTER = "tag_filter"
    UNKNOWN_RUN = "unknown_run"
    HONEST_STATUS = "honest_status"
    HONEST_LOG = "honest_log"
    ERRORS = "errors"
    KEEP_ALIVE = "keep_alive"
    TASKS = "tasks"
    DATES = "dates"
    SUBMIT_CODE = "submit_code"
    ENGINE = "engine"
    EARLY_STATUS = "early_status"
    STEADY_STATES = "steady_states"
    ATTACHMENTS = "attachments"
    TAGS = "tags"
    LOGS = "logs"
    OUTPUTS = "outputs"
    CANCEL = "cancel"


@dataclass(frozen=True)
class Observation:
    """What was found of one feature. `evidence` is short and plain and holds no secret."""

    feature: Feature
    verdict: Verdict
    evidence: str


@dataclass(frozen=True)
class FeatureText:
    """A feature in words: what the standard says, and what a deviation leads to.

    `limit` is what a deviation means for a researcher, empty where it means nothing.
    """

    title: str
    standard: str
    consequence: str = "Nothing: the platform takes both."
    limit: str = ""


FEATURES: Mapping[Feature, FeatureText] = MappingProxyType(
    {
        Feature.CANCEL: FeatureText(
            "Cancels",
            "A run that is asked to stop stops.",
            "The cancel is sent all the same; people are told beforehand that it is ignored.",
            "A run cannot be cancelled once it has started.",
        ),
        Feature.TAGS: FeatureText(
            "Keeps tags",
            "A run log repeats the request, with its tags.",
            "A run whose answer was lost is never sent again by itself: its owner is asked.",
            "If contact breaks off while a run is sent, you are asked before it is sent again.",
        ),
        Feature.LISTS_RUNNING: FeatureText(
            "Lists runs at work",
            "The list shows every run, also those that are not finished.",
            "Each run is asked about by itself, and a run that is missing in the list is not "
            "believed to be missing.",
        ),
        Feature.HONEST_STATUS: FeatureText(
            "Knows which runs it has",
            "The state of a run that it does not have is not given.",
            "No state is believed before the whole run log confirms it.",
        ),
        Feature.HONEST_LOG: FeatureText(
            "Shows only logs that it has",
            "The log of a run that it does not have is not given.",
            "A run that it lost cannot be told from one that goes on.",
        ),
        Feature.ATTACHMENTS: FeatureText(
            "Takes attached files",
            "Files that are sent along reach the run.",
            "A run that needs attached files is refused before anything is sent.",
            "It takes no files that are sent along: inputs must be given as URLs.",
        ),
        Feature.OUTPUTS: FeatureText(
            "Hands out results",
            "Outputs are named by URLs.",
            "Results are read from a folder that the service shares, if there is one.",
            "Results stay at the service unless it shares a folder with this platform.",
        ),
        Feature.LOGS: FeatureText("Hands out logs", "A run's stdout and stderr are URLs."),
        Feature.ENGINE: FeatureText(
            "Chooses the engine",
            "A run need not name its workflow engine.",
            "The engine is named: the recipe's, the one set below, or the usual one.",
        ),
        Feature.EARLY_STATUS: FeatureText(
            "Knows a run at once",
            "A run can be asked about as soon as it was taken.",
            "A run that is unknown in its first minute is waited for.",
        ),
        Feature.STEADY_STATES: FeatureText(
            "Steady states",
            "A run's state goes forward and is always one that means something.",
            "A state UNKNOWN changes nothing here: the last known one is kept.",
        ),
        Feature.UNKNOWN_RUN: FeatureText(
            "Says 404 for an unknown run", "A run that it does not have is answered with 404."
        ),
        Feature.SUBMIT_CODE: FeatureText("Says 200 to a run", "A run that is taken answers 200."),
        Feature.LIST_KEY: FeatureText("List of runs", "The runs are listed under “runs”."),
        Feature.LIST_STATES: FeatureText(
            "States in the list",
            "Each run in the list has a state, and one of the standard's.",
            "A word that is not of the standard counts as UNKNOWN.",
        ),
        Feature.LIST_TAGS: FeatureText(
            "Tags in the list",
            "WES 1.1.0: a run in the list may show its tags.",
            "The run logs are read for the tags.",
        ),
        Feature.TAG_FILTER: FeatureText(
            "Filter by tag",
            "Not in the standard: the list can be filtered by tag.",
            "The whole list is looked through.",
        ),
        Feature.PAGE_SIZE: FeatureText(
            "Page size",
            "The list keeps to the page size asked for.",
            "The list is read up to a size limit.",
        ),
        Feature.PAGE_TOKEN: FeatureText(
            "End of the list", "“next_page_token” is an empty text on the last page."
        ),
        Feature.SERVICE_INFO: FeatureText(
            "Description of itself",
            "service-info has an id, a name, a type, an organisation and a version.",
            "What is missing is left out.",
        ),
        Feature.RELEASE: FeatureText(
            "Release", "It names a released version of WES: 1.0.0, 1.0.1 or 1.1.0."
        ),
        Feature.VERSIONS: FeatureText(
            "Workflow types and engines",
            "Versions are objects with a list: {“workflow_type_version”: […]}.",
        ),
        Feature.AUTHORISATION: FeatureText(
            "Authorisation",
            "Only service-info may be open where a credential is wanted.",
            "An open list shows everybody's runs to anybody: tell its operators.",
        ),
        Feature.ERRORS: FeatureText("Errors", "An error is {“msg”, “status_code”} as JSON."),
        Feature.KEEP_ALIVE: FeatureText(
            "Idle connections",
            "HTTP: a connection that is kept open answers, or is closed.",
            "Nothing: each connection is used once, with every service.",
        ),
        Feature.TASKS: FeatureText(
            "Tasks", "WES 1.1.0: a run's tasks are listed below /tasks.", "Tasks are not shown."
        ),
        Feature.DATES: FeatureText(
            "Times",
            "Times are in UTC: 2026-01-31T12:00:00Z.",
            "The platform's own clock decides; the service's times are only shown.",
        ),
    }
)


class Examinable(Protocol):
    """What can be examined for its conformance: a connector."""

    async def conformance(self) -> Sequence[Observation]:
        """Ask how far the service does as the standard says; changes nothing there."""
        ...

    async def trial(self, workflow: Path, tell: Tell) -> Sequence[Observation]:
        """Start tiny runs of the workflow, cancel one of them, and leave nothing at work."""
        ...


def observation(feature: Feature, conforms: bool | None, evidence: str) -> Observation:
    """An observation; `conforms` is None where it cannot be told."""
    verdict = {True: Verdict.CONFORMS, False: Verdict.DEVIATES, None: Verdict.UNTOLD}[conforms]
    text = " ".join(evidence.split())
    cut = text if len(text) <= EVIDENCE_LENGTH else text[: EVIDENCE_LENGTH - 1] + "…"
    return Observation(feature, verdict, cut)


def software_of(facts: "ServiceFacts") -> dict[str, Any]:
    """The signature by which a service's software is recognised."""
    return {
        "name": facts.name[:120],
        "version": facts.version[:60],
        "organization": facts.organization[:120],
        "protocol_versions": sorted(version[:40] for version in facts.protocol_versions)[:10],
        "engines": sorted(name[:40] for name in facts.workflow_engines)[:10],
    }


def software_text(software: Mapping[str, Any]) -> str:
    """A signature in words, such as “Starter Kit 0.3.2”."""
    named = " ".join(filter(None, (software.get("name"), software.get("version"))))
    if software.get("name"):
        return named
    engines = ", ".join(software.get("engines") or ())
    protocol = ", ".join(software.get("protocol_versions") or ())
    parts = [f"version {software['version']}"] if software.get("version") else []
    parts += [f"WES {protocol}"] if protocol else []
    parts += [f"with {engines}"] if engines else []
    return "a service without a name" + (f" ({', '.join(parts)})" if parts else "")
