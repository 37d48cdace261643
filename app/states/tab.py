"""What a tab holds belongs to one session, and is forgotten with it.

The server keeps a tab's state for a while, and a reload sends it to the browser before any handler
runs. Without this, whoever uses a shared computer next would be sent the last person's rows.
"""

from typing import TYPE_CHECKING

from reflex.middleware import Middleware
from reflex.state import BaseState, StateUpdate
from reflex_base.constants import CompileVars
from reflex_base.event import Event

from app.domain.errors import NotSignedIn
from app.domain.sessions import digest
from app.states.guard import authorised, session_token
from app.states.session import SessionState
from models import db

if TYPE_CHECKING:
    from reflex.app import App

HYDRATING = {str(CompileVars.HYDRATE), str(CompileVars.HYDRATE_AND_LOAD)}


class ForgetOtherSessions(Middleware):
    """Tie a tab's state to the session that it was loaded with."""

    async def preprocess(self, app: "App", state: BaseState, event: Event) -> StateUpdate | None:
        """Empty the state when it is sent to another session; drop what an earlier one left over.

        An event that was on its way when the session changed would fill the tab again.
        """
        held = await state.get_state(SessionState)
        came_with = digest(session_token(held))
        if event.name.rpartition(".")[2] not in HYDRATING:
            return StateUpdate() if held._came_with not in ("", came_with) else None
        try:
            session_ref = (await authorised(held, "")).session_ref
        except NotSignedIn:
            session_ref = ""
        except db.UNAVAILABLE:
            # It belongs to whoever brings the same cookie again, and to nobody else.
            session_ref = held._session_ref if held._came_with == came_with else ""
        if held._session_ref != session_ref:
            state._get_root_state().reset()
        held._came_with = came_with
        return None
