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
from app.states.guard import authorised
from app.states.session import SessionState

if TYPE_CHECKING:
    from reflex.app import App

HYDRATING = {str(CompileVars.HYDRATE), str(CompileVars.HYDRATE_AND_LOAD)}


class ForgetOtherSessions(Middleware):
    """Before a tab is sent its state, empty it unless the same session is still signed in."""

    async def preprocess(self, app: "App", state: BaseState, event: Event) -> StateUpdate | None:
        """Reset the tab's whole state when its session ended or another one took its place."""
        if event.name.rpartition(".")[2] in HYDRATING:
            held = await state.get_state(SessionState)
            try:
                session_ref = (await authorised(held, "")).session_ref
            except NotSignedIn:
                session_ref = ""
            if held._session_ref != session_ref:
                state._get_root_state().reset()
        return None
