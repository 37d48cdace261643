"""No hostile answer to a cancel makes a job cancelled."""

import pytest

from tests.hostile.conftest import Ordeal
from tests.hostile.tricks import BOMB, HEADS, HTML, endless, moved, packed, page, says
from tests.support.hostile import Trick

TRICKS: dict[str, Trick] = {
    "slow headers": HEADS["slow headers"],
    "HTTP/0.9": HEADS["HTTP/0.9"],
    "a body that never ends": endless,
    "a gzip bomb": packed("gzip", BOMB),
    "a page with status 400": page(400),
    "a page with status 405": page(405),
    "429": says({"msg": "later"}, 429),
    "500": says({"msg": "oops"}, 500),
    "a redirect": moved("/elsewhere", 307),
    "a page with status 200": says(HTML, kind="text/html"),
    "a state": says({"state": "CANCELED"}),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_a_cancel_is_answered_by(trick: str, ordeal: Ordeal) -> None:
    ordeal.reach("cancel")
    ordeal.wes.tricks["cancel"] = TRICKS[trick]
    ordeal.suffer("cancel")
    assert ordeal.rows()[0].cancel_outcome in ("", "accepted")
    ordeal.recover(cancelled=True)
