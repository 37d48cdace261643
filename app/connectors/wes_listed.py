"""The states of many runs from the list of a WES."""

from app.connectors.base import RunStatus
from app.connectors.errors import Busy, ConnectorError, NotAuthorised, Unreachable
from app.connectors.wes_http import WesHttp
from app.connectors.wes_parse import run_id_of, run_status

MOST_PAGES = 3


async def listed_states(http: WesHttp, wanted: set[str]) -> tuple[dict[str, RunStatus], bool]:
    """The wanted runs that the list shows, and whether the list was read to its end.

    A run that it shows without a state, or twice with different ones, is left out, to be asked
    about by itself.
    """
    found: dict[str, RunStatus] = {}
    twofold: set[str] = set()
    is_end = False
    try:
        async for page, is_end in http.pages(MOST_PAGES):  # noqa: B007
            for run in page:
                status = run_status(run_id_of(run), run.get("state"))
                is_told = status.remote_id in wanted and status.raw_state
                if is_told and found.setdefault(status.remote_id, status) != status:
                    twofold.add(status.remote_id)
            if len(found) == len(wanted):
                break
    except (Busy, NotAuthorised):
        raise
    except ConnectorError as error:
        if isinstance(error, Unreachable) and not error.may_have_arrived:
            raise
        # A list that is missing, broken or too slow says nothing about the runs themselves.
    for remote_id in twofold:
        del found[remote_id]
    return found, is_end
