"""Why a job waits for a slot, and what is before it, as pages show it."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from app.domain.access import Actor
from app.domain.slot_places import Before, Place, places_of, slots_of
from app.states.calls import call
from models import db


class BeforeItem(TypedDict):
    """A job that is in a slot or comes before; without a `ref` it is somebody else's."""

    ref: str
    name: str


async def slot_places(
    actor: Actor, job_refs: Sequence[str]
) -> tuple[Mapping[str, Place], Mapping[str, str]]:
    """Where jobs stand that wait for slots, and the same in a sentence for each.

    How many slots there are is left out while the registry is away.
    """
    places = await call(db.JOBS, places_of, actor=actor, job_refs=job_refs)
    if not places:
        return {}, {}
    services = sorted({place.service_ref for place in places.values()})
    try:
        slots = await call(db.REGISTRY, slots_of, actor=actor, service_refs=services)
    except db.UNAVAILABLE:
        slots = {}
    return places, {
        ref: place_in_words(place, slots.get(place.service_ref)) for ref, place in places.items()
    }


def place_in_words(place: Place, slots: int | None) -> str:
    """One sentence about where a job stands."""
    if place.was_refused:
        return (
            f"{place.service_name} says that all slots are in use, perhaps by jobs started "
            "elsewhere. It is tried again soon, and at once when one of ours there ends."
        )
    whose = "your" if place.is_own else "the lab's"
    many = "one of " if slots != 1 else ""
    slot = f"{slots} slots" if slots and slots > 1 else "slots" if slots is None else "only slot"
    if place.count == 0:
        order = "it is the next one"
    elif place.count == 1:
        order = "1 job is before it"
    else:
        order = f"{place.count:,} jobs are before it"
    return f"Waits for {many}{whose} {slot} at {place.service_name}; {order}."


def before_items(jobs: Sequence[Before]) -> list[BeforeItem]:
    """The jobs in a slot, or before one."""
    return [BeforeItem(ref=job.ref, name=job.name) for job in jobs]
