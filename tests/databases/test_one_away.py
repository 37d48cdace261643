"""Each database is taken away in turn while jobs run: the others go on, and all recovers."""

import asyncio

import pytest

from models import db
from tests.databases import duties
from tests.databases.matrix import DUTIES, Outcome, expected
from tests.databases.situation import Situation


@pytest.mark.parametrize("how", ["refuse", "hang"])
@pytest.mark.parametrize("name", db.BASES)
def test_losing_a_database_loses_its_domain_only_and_nothing_for_good(
    situation: Situation, name: str, how: str
) -> None:
    asyncio.run(lose(situation, name, how))


async def lose(situation: Situation, name: str, how: str) -> None:
    at_work = {duty: duties.ALL[duty](situation, name) for duty in DUTIES}
    wanted = {duty: expected(name, duty) for duty in DUTIES}
    await asyncio.gather(*[duty.begin() for duty in at_work.values()])
    situation.proxies[name].set(how)
    try:
        await asyncio.gather(*[duty.try_it() for duty in at_work.values()])
        # What waits is looked at last: until then it had the time to go wrong.
        found: dict[str, Outcome] = {}
        for is_waiting in (False, True):
            now = [duty for duty in DUTIES if (wanted[duty] is Outcome.WAITS) is is_waiting]
            outcomes = await asyncio.gather(*[at_work[one].outcome(wanted[one]) for one in now])
            found |= dict(zip(now, outcomes, strict=True))
        assert {duty: found[duty] for duty in DUTIES} == wanted
    finally:
        situation.proxies[name].set("pass")
    # First everybody must be let in again.
    await at_work["ready"].finish()
    await asyncio.gather(*[duty.finish() for duty in at_work.values()])
