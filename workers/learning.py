"""What the worker's own jobs prove of their services, noted in passing.

Without the registry nothing is noted; another job proves it another time.
"""

import structlog

from app.connectors.base import RunDetails, RunStatus
from app.connectors.conformance import STANDARDISED, Feature
from app.domain import conformance
from app.domain.errors import PlatformError
from app.domain.job_queue import Claim
from models import db
from models.threads import call

log = structlog.get_logger(__name__)


async def learn_from_cancel(claimed: Claim, outcome: str, status: RunStatus) -> None:
    """A cancelled run has stopped, or goes on long after the service accepted the cancel."""
    said = f"A job's cancel was accepted, and its run is {status.raw_state}"
    if outcome == "confirmed":
        await _learned(claimed, Feature.CANCEL, True, f"{said}.")
    elif outcome == "ignored":
        await _learned(claimed, Feature.CANCEL, False, f"{said} a minute later.")


async def learn_from_log(claimed: Claim, details: RunDetails) -> None:
    """The log of a run that has ended repeats the tag that travelled with it, or does not."""
    is_kept = details.job_ref == claimed.job_ref
    said = "shows its tag" if is_kept else "does not show the tag that it was sent with"
    await _learned(claimed, Feature.TAGS, is_kept, f"The log of a job's run {said}.")


async def learn_from_output(claimed: Claim, location: str, *, refusal: str = "") -> None:
    """A result that is named by a URL was fetched, or is only named by a path."""
    is_url = location.startswith(("http://", "https://"))
    if refusal:
        await _learned(claimed, Feature.OUTPUTS, False, f"A job's result: {refusal}")
    elif is_url:
        await _learned(claimed, Feature.OUTPUTS, True, "A job's result was fetched from its URL.")


async def _learned(claimed: Claim, feature: Feature, conforms: bool, evidence: str) -> None:
    if claimed.api_type not in STANDARDISED:
        return
    try:
        await call(
            db.REGISTRY,
            conformance.learned,
            service_ref=claimed.service_ref,
            feature=feature,
            conforms=conforms,
            evidence=evidence,
        )
    except (PlatformError, *db.UNAVAILABLE) as error:
        log.info("nothing noted of a service", service_ref=claimed.service_ref, error=str(error))
