"""Having a service start a run again that it lost in a restart of its own."""

from app.connectors.base import Connector, RunStatus
from app.connectors.errors import ConnectorError, Rejected, UnknownRun, Unsupported
from app.domain import job_restarts
from app.domain.job_queue import Claim
from workers.leases import record


async def start_again(connector: Connector, claimed: Claim, status: RunStatus) -> None:
    """Start an interrupted run again, unless it is its owner's turn to decide.

    Raises what kept the request from its service; its effect is seen by the next look.
    """
    if not await record(job_restarts.interrupted, claimed, status=status):
        return
    trouble = ""
    try:
        await connector.restart(claimed.remote_id)
    except Unsupported as error:
        await record(job_restarts.cannot_restart, claimed, reason=str(error))
        return
    except (Rejected, UnknownRun) as error:
        trouble = str(error)
    except ConnectorError as error:
        if not error.may_have_arrived:
            raise
        trouble = str(error)
    await record(job_restarts.restarted, claimed, trouble=trouble)
