"""A duty of the platform during one absence of one database.

Each is begun before the database is taken away, tried without it, and finished after it is back.
"""

import asyncio

import httpx

from app.domain.unavailable import WORDS
from tests.databases.matrix import Outcome
from tests.databases.situation import PATIENCE_SECONDS, Situation


class Duty:
    """A duty during one absence of one database."""

    def __init__(self, situation: Situation, away: str) -> None:
        self.here = situation
        self.away = away
        self.words = WORDS[away].cannot

    async def begin(self) -> None:
        """Do what must be done while all is well."""

    async def try_it(self) -> None:
        """Begin what shall go on, or wait, now that a database is away."""

    async def outcome(self, expected: Outcome) -> Outcome:
        """What becomes of it now; waits as long as need be for what is expected."""
        raise NotImplementedError

    async def finish(self) -> None:
        """With all databases there again, see that it works and that nothing is lost or doubled."""
        await self.until_it_works()

    async def until_it_works(self) -> None:
        """Try again, as people do, until it works."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.outcome(Outcome.WORKS) is not Outcome.WORKS:
                pass

    def client(self) -> httpx.AsyncClient:
        """Rosa's browser, as far as HTTP goes."""
        return httpx.AsyncClient(base_url=self.here.url, cookies=self.here.cookies, timeout=30)

    def says_so(self, answer: httpx.Response) -> bool:
        """Whether an answer is a refusal in plain words that tells when to come back."""
        return (
            answer.status_code == 503
            and int(answer.headers["retry-after"]) > 0
            and answer.json()["detail"].startswith(self.words)
        )
