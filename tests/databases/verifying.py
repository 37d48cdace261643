"""A duty of the worker: tokens that are stored are shown to their services."""

from sqlmodel import select

from app.domain.credentials import TokenState, set_token
from models import db
from models.base import now
from models.users import ServiceCredential
from tests.databases.duty import Duty
from tests.databases.matrix import Outcome
from tests.databases.situation import until
from tests.support.submitting import actor


class Verify(Duty):
    """A token that is due is verified, and what it is worth is never made up."""

    async def begin(self) -> None:
        # It is of a person who starts no runs.
        ref, token = self.here.service_ref, "a-token-0123456789"
        with db.session(db.USERS) as session:
            set_token(session, actor=actor("Vera"), service_ref=ref, token=token)
        await until(self._is_verified, "the token is verified")

    async def try_it(self) -> None:
        with db.session(db.USERS) as session:
            row = session.exec(select(ServiceCredential)).one()
            row.state, row.verify_due_at = TokenState.UNVERIFIED, now()

    async def outcome(self, expected: Outcome) -> Outcome:
        if expected is Outcome.WORKS:
            await until(self._is_verified, f"a token is verified while {self.away} is away")
        return Outcome.WORKS if self._is_verified() else Outcome.WAITS

    def _is_verified(self) -> bool:
        with db.session(db.USERS) as session:
            state = session.exec(select(ServiceCredential.state)).one()
        assert state in (TokenState.UNVERIFIED, TokenState.ACCEPTED)
        return state == TokenState.ACCEPTED
