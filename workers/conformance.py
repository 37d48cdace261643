"""Asking services how far they do as the standard says, and trying them where a person wishes."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import structlog

from app.config import settings
from app.connectors import CONNECTORS
from app.connectors.base import Connector
from app.connectors.client import open_client
from app.connectors.conformance import Observation
from app.connectors.errors import ConnectorError
from app.domain import conformance_schedule
from app.domain.conformance_schedule import Due
from app.domain.errors import PlatformError
from models import db
from models.threads import call
from workers.endpoints import endpoint_of
from workers.patience import insist

WORKFLOW = Path(__file__).parent.parent / "workflows" / "trial.cwl"
UNEXPECTED = "The platform itself failed at this; its log says why."

log = structlog.get_logger(__name__)


async def read() -> bool:
    """Ask one service whose reading is due; false if none is."""
    due = await call(db.REGISTRY, conformance_schedule.claim_reading)
    if due is None:
        return False
    observations, problem = await _with_connector(due, lambda connector: connector.conformance())
    await insist(
        db.REGISTRY,
        conformance_schedule.record_reading,
        due=due,
        observations=observations,
        problem=problem,
    )
    return True


async def try_out() -> bool:
    """Make one trial that waits; false if none does."""
    due = await call(db.REGISTRY, conformance_schedule.claim_trial)
    if due is None:
        return False

    async def tell(text: str) -> None:
        await insist(db.REGISTRY, conformance_schedule.record_step, due=due, text=text)

    observations, problem = await _with_connector(
        due, lambda connector: connector.trial(WORKFLOW, tell)
    )
    await insist(
        db.REGISTRY,
        conformance_schedule.record_trial,
        due=due,
        observations=observations,
        problem=problem,
    )
    return True


async def _with_connector(
    due: Due, examine: Callable[[Connector], Awaitable[Sequence[Observation]]]
) -> tuple[Sequence[Observation], str]:
    """What an examination shows, and why it shows nothing if it does."""
    try:
        endpoint = await endpoint_of(due.service_ref)
        async with open_client(request_timeout=settings().probe_timeout_seconds) as client:
            return await examine(CONNECTORS[due.api_type](client, endpoint)), ""
    except (ConnectorError, db.Away) as error:
        return (), str(error)
    except PlatformError as error:
        return (), error.message
    except Exception:
        log.exception("an examination failed", service_ref=due.service_ref)
        return (), UNEXPECTED
