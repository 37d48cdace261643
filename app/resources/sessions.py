"""Signed-in browsers: who, from where, since when; an administrator ends them."""

from sqlalchemy.orm import join
from sqlmodel import col

from app.domain import sessions
from app.resources.base import Action, Column, Filter, Resource
from models import db
from models.users import User, UserSession

SESSIONS = Resource(
    name="sessions",
    title="Sessions",
    one="session",
    icon="monitor-smartphone",
    database=db.USERS,
    permission="user:read",
    source=join(UserSession, User, col(User.id) == col(UserSession.user_id)),
    ref=UserSession.ref,
    label=User.name,
    columns=(
        Column("person", "Person", User.name),
        Column(
            "email", "E-mail address", User.email, href="/admin/audit?actor={link}", link=User.ref
        ),
        Column("address", "From", UserSession.client_address, kind="mono", is_wide=False),
        Column("agent", "Browser", UserSession.user_agent, in_list=False),
        Column("since", "Signed in", UserSession.created_at, kind="moment"),
        Column("seen", "Last seen", UserSession.last_seen_at, kind="moment", is_wide=False),
        Column("ends", "Ends", UserSession.expires_at, kind="moment", in_list=False),
    ),
    sort="-seen",
    search=(User.name, User.email, UserSession.client_address),
    filters=(
        Filter("live", "Live", sessions.is_live, kind="flag"),
        Filter("since", "Signed in", UserSession.created_at, kind="days"),
    ),
    actions=(
        Action(
            "end",
            "End the session",
            "user:write",
            run=sessions.revoke_session,
            icon="log-out",
            text="Whoever uses it must sign in again.",
            when=sessions.is_live,
            is_red=True,
        ),
    ),
    live=("sessions",),
    target="session",
    subtitle="Browsers that are signed in, or were.",
)
