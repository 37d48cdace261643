"""People for tests, signed in without a page."""

from sqlmodel import Session, select

from app.config import settings
from app.domain import sessions
from models import db
from models.users import Role, User, UserRole


def sign_in(name: str, role: str = "researcher") -> tuple[str, dict[str, str]]:
    """Add a person with a role; return the person's ref and the cookie of a session."""
    with db.session(db.USERS) as session:
        user = User(email=f"{name}@lab.example", name=name, password_hash="")
        session.add(user)
        session.flush()
        session.add(UserRole(user_id=user.id or 0, role_id=_role_id(session, role)))
        token = sessions.open_session(session, user=user, client_address="", user_agent="test")
        return user.ref, {settings().session_cookie: token}


def _role_id(session: Session, name: str) -> int:
    return session.exec(select(Role).where(Role.name == name)).one().id or 0
