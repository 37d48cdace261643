"""Who waits for a slot sees what is before the job, and of others' jobs only that they are."""

from app.domain import job_queue, job_sending
from app.domain.access import Actor
from app.domain.job_outcomes import prepared
from app.domain.job_queue import Claim
from app.domain.job_slots import Slot
from app.domain.slot_places import places_of
from app.states.slot_item import place_in_words
from models import db
from tests.support.submitting import actor, submit_one

ADA, BEN, GRACE = actor("Ada"), actor("Ben"), actor("Grace", "administrator")


def in_line(*owners: Actor, slot: Slot) -> list[str]:
    """Submit and prepare jobs, and send those for which there is a slot; return their refs."""
    refs = [submit_one(f"Run {number}", owner=owner) for number, owner in enumerate(owners)]
    for one in due("waiting"):
        with db.session(db.JOBS) as session:
            prepared(session, one, slot=slot)
    send_what_is_due(slot)
    return refs


def send_what_is_due(slot: Slot) -> None:
    """Send the jobs for which there is a slot."""
    for one in due("queued"):
        with db.session(db.JOBS) as session:
            job_sending.sending(session, one, slot=slot)


def due(status: str) -> list[Claim]:
    with db.session(db.JOBS) as session:
        return job_queue.claim_due(session, worker="w", statuses=[status], limit=20)


def test_one_s_own_jobs_are_named_and_others_only_counted(databases: None) -> None:
    refs = in_line(ADA, BEN, ADA, BEN, ADA, slot=Slot("s1", 2))
    with db.session(db.JOBS) as session:
        seen = places_of(session, actor=ADA, job_refs=refs)
        assert set(seen) == {refs[2], refs[4]}
        last = seen[refs[4]]
        assert [one.name for one in last.there] == ["Run 0", ""]
        assert [one.name for one in last.before] == ["Run 2", ""]
        assert {one.ref for one in last.before} == {refs[2], ""}
        everything = places_of(session, actor=GRACE, job_refs=refs)
    assert [one.name for one in everything[refs[4]].before] == ["Run 2", "Run 3"]
    said = place_in_words(last, 2)
    assert said == "Waits for one of the lab's 2 slots at ILIFU; 2 jobs are before it."


def test_a_person_s_own_slots_are_called_so(databases: None) -> None:
    refs = in_line(ADA, ADA, slot=Slot("s1:ada", 1))
    with db.session(db.JOBS) as session:
        place = places_of(session, actor=ADA, job_refs=refs)[refs[1]]
    assert place_in_words(place, 1) == "Waits for your only slot at ILIFU; it is the next one."
    assert place_in_words(place, None).startswith("Waits for one of your slots at ILIFU")
