"""A token is verified when it is saved, again from time to time, and its owner learns of it."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from app.domain import credentials, secret_keys, service_contacts, services, token_checks
from app.domain.access import WORKER
from app.domain.credentials import CredentialRow
from app.domain.errors import NotAllowed, NotFound, Refused
from app.domain.expiry import soonest_warning
from app.domain.relay import relay_topic
from models import db
from models.base import now
from models.jobs import Job, JobQueueEntry
from models.notifications import Notification
from models.users import ServiceCredential, UsersOutbox
from tests.support.asgi import served
from tests.support.cloudgene import running
from tests.support.filling import add_service
from tests.support.submitting import actor, panel, submit_one
from tests.workers.test_expiry import jwt
from workers import tokens

ROSA = actor("Rosa", "researcher")
GOOD = "a-good-token-0123456789"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Wes:
    """What a WES with tokens says to `GET /runs`, and how often it was asked."""

    status: int = 200
    accepted: str = GOOD
    asked: list[str] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        token = headers.get(b"authorization", b"").decode().removeprefix("Bearer ")
        self.asked.append(scope["path"])
        status, body = self.status, {"runs": []}
        if status == 200 and token != self.accepted:
            status, body = 401, {"msg": f"{token} is no token of ours"}
        content = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": content})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})


@pytest.fixture
def wes() -> Wes:
    return Wes()


@pytest.fixture
def service_ref(databases: None) -> Iterator[str]:
    return add_service(WORKER, "ILIFU", "http://127.0.0.1:9")


def save(service_ref: str, token: str = GOOD, *, shared: bool = False) -> CredentialRow:
    with db.session(db.USERS) as session:
        return credentials.set_token(
            session,
            actor=WORKER if shared else ROSA,
            service_ref=service_ref,
            token=token,
            shared=shared,
        )


def shown(service_ref: str) -> CredentialRow:
    with db.session(db.USERS) as session:
        row = credentials.stored_token(session, actor=ROSA, service_ref=service_ref)
    assert row is not None
    return row


def verify(wes: Wes, service_ref: str, token: str = "") -> CredentialRow:
    """Save a token, if one is given, when the service is there; what a page shows then."""

    async def turn() -> None:
        async with served(wes) as url:
            move(service_ref, url)
            if token:
                save(service_ref, token)
            assert await tokens.verify()

    asyncio.run(turn())
    return shown(service_ref)


def move(service_ref: str, url: str) -> None:
    """Let the service be at this address; what is stored goes along, as if entered for it."""
    with db.session(db.REGISTRY) as session:
        services.change_service(
            session,
            actor=WORKER,
            service_ref=service_ref,
            fields=services.ServiceFields(name="ILIFU", base_url=url),
        )
    with db.session(db.USERS) as session:
        for row in session.exec(select(ServiceCredential)):
            stored = json.loads(secret_keys.decrypt(row.ciphertext)) | {"origin": url}
            row.ciphertext = secret_keys.encrypt(json.dumps(stored))
            session.add(row)


def change(**values: Any) -> None:
    with db.session(db.USERS) as session:
        for row in session.exec(select(ServiceCredential)):
            for name, value in values.items():
                setattr(row, name, value)
            session.add(row)


def told() -> list[Notification]:
    """What Rosa was told."""
    for topic in ("notification", "announcement"):
        for source in (db.REGISTRY, db.USERS):
            relay_topic(source, topic)
    with db.session(db.NOTIFICATIONS) as session:
        mine = Notification.user_ref == ROSA.user_ref
        return list(session.exec(select(Notification).where(mine).order_by(Notification.id)))


def test_a_token_that_is_saved_is_verified_at_the_next_turn_and_again_a_day_later(
    wes: Wes, service_ref: str
) -> None:
    ends = now().replace(microsecond=0) + 12 * DAY
    wes.accepted = token = jwt(ends)
    saved = save(service_ref, token)
    assert (saved.state, saved.expires_at, saved.verified_at) == ("unverified", ends, None)
    assert saved.verify_due_at <= now()
    row = verify(wes, service_ref)
    assert (row.state, row.detail, row.expires_at) == ("accepted", "", ends)
    assert row.verified_at is not None
    assert row.verify_due_at - row.verified_at == DAY
    assert not asyncio.run(tokens.verify()), "nothing is due"
    assert len(wes.asked) == 1
    assert told() == []


def test_a_refused_token_is_told_to_its_owner_once_and_never_repeated(
    wes: Wes, service_ref: str
) -> None:
    row = verify(wes, service_ref, "a-wrong-token-0123456789")
    assert row.state == "refused"
    assert "401" in row.detail
    assert row.is_useless
    (news,) = told()
    assert news.title == "Your token for ILIFU is not accepted"
    assert news.link == f"/services/{service_ref}"
    assert "a-wrong-token" not in f"{row.detail} {news.body}"
    change(verify_due_at=now())
    assert verify(wes, service_ref).state == "refused"
    assert len(told()) == 1
    # Another one that is wrong is news.
    verify(wes, service_ref, "another-wrong-token-0123456789")
    assert len(told()) == 2


def test_a_token_that_has_ended_is_told_once_whoever_notices_first(
    wes: Wes, service_ref: str
) -> None:
    from workers.expiry import warn

    verify(wes, service_ref, jwt(now() - HOUR))
    asyncio.run(warn())
    (news,) = told()
    assert news.title.startswith("Your token for ILIFU has ended on 20")


def test_what_cannot_be_told_is_asked_again_in_an_hour(wes: Wes, service_ref: str) -> None:
    wes.status = 404
    row = verify(wes, service_ref, GOOD)
    assert (row.state, row.is_useless) == ("untold", False)
    assert row.verified_at is not None
    assert row.verify_due_at - row.verified_at == HOUR
    assert told() == []


def test_a_service_that_is_left_alone_is_not_asked_until_its_trial(
    wes: Wes, service_ref: str
) -> None:
    with db.session(db.JOBS) as session:
        for _ in range(service_contacts.MOST_FAILURES):
            service_contacts.in_vain(session, service_ref=service_ref, reason="It is silent.")
    row = verify(wes, service_ref, GOOD)
    assert (row.state, row.detail, wes.asked) == ("untold", "It is silent.", [])
    with db.session(db.JOBS) as session:
        contact = service_contacts.lost_contact(session, service_ref)
    assert contact is not None
    assert contact.retry_at is not None
    assert row.verify_due_at >= contact.retry_at
    with db.session(db.JOBS) as session:
        service_contacts.try_now(session, actor=WORKER, service_ref=service_ref)
    change(verify_due_at=now())
    assert verify(wes, service_ref).state == "accepted"
    with db.session(db.JOBS) as session:
        assert service_contacts.lost_contact(session, service_ref) is None, "the trial succeeded"


def test_a_verdict_on_a_token_that_was_replaced_meanwhile_is_void(
    wes: Wes, service_ref: str
) -> None:
    save(service_ref)
    with db.session(db.USERS) as session:
        (due,) = token_checks.claim_due(session, limit=5, lease=HOUR)
        assert token_checks.claim_due(session, limit=5, lease=HOUR) == []
    place = token_checks.Place(service_ref, "ILIFU", "wes", is_used=True)
    save(service_ref, "another-token-0123456789")
    with db.session(db.USERS) as session:
        facts = tokens.TokenFacts(False, "It is no token.")
        token_checks.verified(session, due=due, place=place, facts=facts)
    assert shown(service_ref).state == "unverified"
    with db.session(db.USERS) as session:
        assert len(token_checks.claim_due(session, limit=5, lease=HOUR)) == 1


def test_a_token_that_may_not_be_sent_to_a_service_that_moved_is_refused_by_us(
    wes: Wes, service_ref: str
) -> None:
    save(service_ref)
    with db.session(db.REGISTRY) as session:
        fields = services.ServiceFields(name="ILIFU", base_url="http://127.0.0.1:10")
        services.change_service(session, actor=WORKER, service_ref=service_ref, fields=fields)
    assert asyncio.run(tokens.verify())
    row = shown(service_ref)
    assert row.state == "refused"
    assert "The stored token was given for http://127.0.0.1:9" in row.detail


def test_jobs_that_wait_for_a_token_go_on_when_a_good_one_is_saved(
    wes: Wes, service_ref: str
) -> None:
    chosen = panel(service_ref=service_ref)
    mine = submit_one(owner=ROSA, chosen=chosen)
    theirs = submit_one(owner=actor("Bob"), chosen=chosen)
    later = now() + HOUR
    with db.session(db.JOBS) as session:
        for job, entry in session.exec(
            select(Job, JobQueueEntry).join(JobQueueEntry, JobQueueEntry.job_id == Job.id)
        ):
            job.held_reason, entry.next_action_at = "not_authorised", later
            session.add_all([job, entry])
    due = {mine: False, theirs: False}

    def are_due() -> dict[str, bool]:
        relay_topic(db.USERS, "credential")
        with db.session(db.JOBS) as session:
            found = session.exec(
                select(Job.ref, JobQueueEntry.next_action_at).join(
                    JobQueueEntry, JobQueueEntry.job_id == Job.id
                )
            )
            return {ref: moment < later for ref, moment in found}

    verify(wes, service_ref, "a-wrong-token-0123456789")
    assert are_due() == due
    verify(wes, service_ref, GOOD)
    assert are_due() == due | {mine: True}
    save(service_ref, GOOD, shared=True)
    with db.session(db.USERS) as session:
        assert len(session.exec(select(UsersOutbox).where(UsersOutbox.topic == "credential")).all())
    verify(wes, service_ref)
    assert all(are_due().values())


def test_tokens_that_are_refused_or_end_within_a_week_wait_for_their_owner(
    wes: Wes, service_ref: str
) -> None:
    def waiting(who: Any) -> list[bool]:
        with db.session(db.USERS) as session:
            rows = credentials.needing_renewal(session, actor=who, before=soonest_warning())
            return [row.is_shared for row in rows]

    verify(wes, service_ref, GOOD)
    assert waiting(ROSA) == []
    change(expires_at=now() + 8 * DAY)
    assert waiting(ROSA) == []
    change(expires_at=now() + 6 * DAY)
    assert waiting(ROSA) == [False]
    verify(wes, service_ref, "a-wrong-token-0123456789")
    assert waiting(ROSA) == [False]
    save(service_ref, jwt(now() + DAY), shared=True)
    assert waiting(ROSA) == [False], "the lab's is for those who look after services"
    assert waiting(WORKER) == [True]


def test_a_person_has_their_own_token_verified_again_and_not_too_often(
    wes: Wes, service_ref: str
) -> None:
    verify(wes, service_ref, GOOD)

    def ask(who: Any, **options: bool) -> None:
        with db.session(db.USERS) as session:
            token_checks.verify_again(session, actor=who, service_ref=service_ref, **options)

    with pytest.raises(Refused, match="a moment ago"):
        ask(ROSA)
    change(verified_at=now() - 2 * token_checks.ASKED_EVERY)
    ask(ROSA)
    assert verify(wes, service_ref).state == "accepted"
    with pytest.raises(NotFound):
        ask(actor("Bob"))
    with pytest.raises(NotAllowed):
        ask(ROSA, shared=True)


def test_a_token_of_a_cloudgene_tells_whose_it_is_and_when_it_ends(
    databases: None, tmp_path: Path
) -> None:
    with running(tmp_path) as cloudgene:
        service_ref = add_service(WORKER, "Simulated", cloudgene.url, api_type="cloudgene")
        save(service_ref, cloudgene.token_for("alice", days=12))
        assert asyncio.run(tokens.verify())
        row = shown(service_ref)
        assert (row.state, "alice" in row.account) == ("accepted", True)
        assert row.expires_at is not None
        assert timedelta(days=11) < row.expires_at - now() <= timedelta(days=12)
        # A newer one ends it, as the service makes one at a time.
        cloudgene.token_for("alice")
        change(verify_due_at=now())
        assert asyncio.run(tokens.verify())
        assert shown(service_ref).state == "refused"
