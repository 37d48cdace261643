"""Pages say in place what they miss; which handlers do so is told by their name."""

import app.app  # noqa: F401  (registers every page)
from app.domain.unavailable import WORDS
from app.pages.template import PAGES
from models import db


def test_whatever_a_page_reads_when_it_is_opened_is_called_load() -> None:
    names = {spec.handler.fn.__name__ for page in PAGES for spec in page.on_load}
    # `close` reads nothing: it puts away what another page had open.
    assert names == {"load", "follow", "close"}


def test_every_database_has_words_for_those_who_miss_it() -> None:
    assert set(WORDS) == set(db.BASES)
