"""A small run on toy data: it repeats a file that is sent along, and ends by itself."""

from pathlib import Path

from app.connectors.base import Capability, ServiceFacts
from app.connectors.run_request import Attachment, RunRequest

LANGUAGE = "CWL"
USUAL_VERSION = "v1.2"
MESSAGE = "repeat this"


def why_not(facts: ServiceFacts) -> str:
    """Why a service cannot be tried with a toy run, "" if it can."""
    offered = ", ".join(facts.workflow_types) or "no workflow types"
    if not any(name.upper() == LANGUAGE for name in facts.workflow_types):
        return (
            f"It cannot be tried: the trial is a {LANGUAGE} workflow, and this service offers "
            f"{offered}."
        )
    if Capability.ATTACHMENTS not in facts.capabilities:
        return (
            "It cannot be tried: the trial's workflow is sent along, and this service takes no "
            "attached files."
        )
    return ""


def toy_request(
    job_ref: str, facts: ServiceFacts, workflow: Path, folder: Path, *, seconds: int = 0
) -> RunRequest:
    """A run of the trial's workflow that takes so many seconds; `folder` gets its one file."""
    message = folder / "message.txt"
    message.write_text(MESSAGE)
    versions = next(v for name, v in facts.workflow_types.items() if name.upper() == LANGUAGE)
    is_usual = USUAL_VERSION in versions or not versions
    return RunRequest(
        job_ref=job_ref,
        workflow_url=workflow.name,
        workflow_type=LANGUAGE,
        workflow_type_version=USUAL_VERSION if is_usual else versions[-1],
        workflow_params={
            "seconds": seconds,
            "message": {"class": "File", "location": message.name},
        },
        attachments=[Attachment(workflow.name, workflow), Attachment(message.name, message)],
    )
