"""Duties towards people and programs that ask over HTTP."""

import asyncio

import httpx

from app.domain import datasets
from models import db
from models.base import new_ref
from tests.databases.duty import Duty
from tests.databases.matrix import Outcome
from tests.databases.situation import PASSWORD, until
from tests.support import tus


class Livez(Duty):
    """The process lives."""

    async def outcome(self, expected: Outcome) -> Outcome:
        async with self.client() as client:
            answer = await client.get("/livez")
        return Outcome.WORKS if answer.status_code == 200 else Outcome.SAYS


class Ready(Duty):
    """The process says which database is missing."""

    missing = True

    async def outcome(self, expected: Outcome) -> Outcome:
        missing = {self.away} if self.missing else set()

        def says_which() -> bool:
            answer = httpx.get(f"{self.here.url}/ready", timeout=30)
            checks = answer.json()["databases"]
            named = {name for name, state in checks.items() if state != "ok"}
            return named == missing and (answer.status_code == 503) == (db.USERS in missing)

        await until(says_which, f"/ready names {missing or 'nothing'}")
        return Outcome.WORKS

    async def finish(self) -> None:
        self.missing = False
        await super().finish()


class SignIn(Duty):
    """Somebody signs in with a password."""

    async def outcome(self, expected: Outcome) -> Outcome:
        form = {"email": self.here.rosa.email, "password": PASSWORD}
        async with httpx.AsyncClient(base_url=self.here.url, timeout=30) as client:
            answer = await client.post("/auth/sign-in", data=form)
        if answer.headers["location"].startswith("/sign-in?error=away"):
            return Outcome.SAYS
        assert answer.headers["location"] == "/"
        return Outcome.WORKS


class Upload(Duty):
    """An upload whose first half has arrived goes on."""

    content = b"##fileformat=VCFv4.2\n#half#and the other half\n"

    async def begin(self) -> None:
        with db.session(db.FILES) as session:
            self._dataset = datasets.create_dataset(session, actor=self.here.rosa, name=new_ref())
        with self._browser() as browser:
            answer = tus.create(browser, self._dataset, "half.vcf", len(self.content))
            self._location = answer.headers["location"]
            assert tus.patch(browser, self._location, 0, self.content[:20]).status_code == 204

    async def outcome(self, expected: Outcome) -> Outcome:
        answer = await asyncio.to_thread(self._go_on, 20)
        if answer.status_code == 204:
            return Outcome.WORKS
        assert self.says_so(answer), answer.text
        return Outcome.WAITS

    async def finish(self) -> None:
        if not self._files():
            with self._browser() as browser:
                offset = tus.offset(browser, self._location)
            if offset < len(self.content):
                answer = await asyncio.to_thread(self._go_on, offset)
                assert answer.status_code == 204, answer.text
        await until(self._files, "the upload is a file")
        assert self._files() == ["half.vcf"]

    def _go_on(self, offset: int) -> httpx.Response:
        with self._browser() as browser:
            return tus.patch(browser, self._location, offset, self.content[offset:])

    def _browser(self) -> httpx.Client:
        return httpx.Client(base_url=self.here.url, cookies=self.here.cookies, timeout=30)

    def _files(self) -> list[str]:
        with db.session(db.FILES) as session:
            detail = datasets.dataset_detail(
                session, actor=self.here.rosa, dataset_ref=self._dataset
            )
        return [file.name for file in detail.files]


class Download(Duty):
    """A file is downloaded."""

    async def outcome(self, expected: Outcome) -> Outcome:
        async with self.client() as client:
            answer = await client.get(f"/api/files/{self.here.file_ref}")
        if answer.status_code == 200:
            assert answer.content
            return Outcome.WORKS
        assert self.says_so(answer), answer.text
        return Outcome.SAYS
