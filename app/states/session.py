"""Who is signed in, for the frame around every page."""

from contextlib import suppress

import reflex as rx

from app.domain.access import Actor
from app.domain.notifications import unread_count
from app.states.calls import call
from app.states.guard import guarded
from models import db


class SessionState(rx.State):
    """The signed-in person, as the sidebar and every page's conditions need it.

    What a page hides by `permissions` is a courtesy; the handlers and routes refuse by themselves.
    """

    name: str = ""
    email: str = ""
    user_ref: str = ""
    permissions: list[str] = []
    unread: int = 0
    is_ready: bool = False
    # The session that the tab's state belongs to, and the digest of the cookie that it came with.
    _session_ref: str = ""
    _came_with: str = ""

    @guarded("")
    async def load(self, actor: Actor) -> None:
        """Read who is signed in and how many notifications are unread."""
        self.name = actor.name
        self.email = actor.email
        self.user_ref = actor.user_ref
        self.permissions = sorted(actor.courtesies)
        self._session_ref = actor.session_ref
        # Without its database there is no number, and every page works all the same.
        with suppress(*db.UNAVAILABLE):
            self.unread = await call(db.NOTIFICATIONS, unread_count, actor=actor)
        self.is_ready = True

    @rx.var
    def initials(self) -> str:
        """Up to two letters of the name."""
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()
