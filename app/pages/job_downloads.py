"""On a job's page: getting all results at once, how long they are there, and deleting them."""

from datetime import timedelta
from typing import TypedDict

import reflex as rx

from app.config import settings
from app.domain import deleted_results, download_keys, job_downloads, retention
from app.domain.access import Actor
from app.domain.download_keys import KeyRow
from app.domain.job_details import JobDetail
from app.domain.uploads import words
from app.pages.job_results import ResultItem, count_of, result_items
from app.states.calls import call
from app.states.guard import guarded
from app.states.job_item import ENDED
from app.states.route import route_argument
from app.states.service_item import iso
from models import db
from models.base import now

# States of results that only the service has.
AWAY = ("listed", "remote")


class KeyItem(TypedDict):
    """A key with which a script fetches the results."""

    ref: str
    created_at: str
    expires_at: str
    last_used_at: str


class JobDownloadsState(rx.State):
    """The results of the job in the URL, and what their owner may do with them.

    What is done is announced, and so the page reads itself again.

    `copies_…` is about the service's copies: `missing` says what is not here yet, and
    `is_in_danger` that it may never come. `kept_…` is about ours; `kept_until` is empty where they
    are kept until their owner deletes them.
    """

    is_shown: bool = False
    results: list[ResultItem] = []
    zip_href: str = ""
    script_action: str = ""
    copies_until: str = ""
    copies_day: str = ""
    copies_gone: str = ""
    is_over: bool = False
    missing: str = ""
    is_in_danger: bool = False
    is_all_here: bool = False
    kept: str = ""
    kept_until: str = ""
    kept_day: str = ""
    more_days: int = 0
    key_days: str = ""
    keys: list[KeyItem] = []
    may_make_key: bool = False
    is_own: bool = False
    can_keep: bool = False
    can_delete: bool = False
    can_try_last: bool = False

    @guarded("job:cancel")
    async def keep_longer(self, actor: Actor) -> None:
        """Keep the results for as many days from now as new ones are kept."""
        await call(db.FILES, retention.keep_longer, actor=actor, job_ref=self._ref())

    @guarded("job:cancel")
    async def delete_results(self, actor: Actor) -> None:
        """Delete the results for good; the job stays."""
        ref = self._ref()
        job = await call(db.JOBS, deleted_results.job_to_clear, actor=actor, job_ref=ref)
        await call(db.FILES, retention.delete_results, actor=actor, job_ref=ref, job_name=job.name)

    @guarded("job:read")
    async def revoke_key(self, actor: Actor, key_ref: str) -> None:
        """End one of the keys to the results."""
        await call(db.FILES, download_keys.revoke_key, actor=actor, key_ref=str(key_ref))

    @guarded("job:cancel")
    async def try_last_download(self, actor: Actor) -> None:
        """Use up the last download that the service allows."""
        await call(db.JOBS, job_downloads.try_last_download, actor=actor, job_ref=self._ref())

    def _ref(self) -> str:
        return route_argument(self, "job_ref")


async def show_downloads(state: JobDownloadsState, actor: Actor, detail: JobDetail) -> None:
    """Show the results of a job. While the files' database is away, only what the job's knows."""
    state.results = result_items(detail)
    state.is_shown = has_results(detail)
    state.is_own = detail.row.owner_ref == actor.user_ref
    may_act = "job:cancel:any" in actor.permissions or (state.is_own and actor.may("job:cancel"))
    state.can_try_last = may_act and detail.row.held_reason == job_downloads.LAST_DOWNLOAD
    _show_copies(state, detail)
    ref = detail.row.ref
    try:
        kept = await call(db.FILES, retention.kept_results, actor=actor, job_ref=ref)
        keys = await call(db.FILES, download_keys.keys_of, actor=actor, job_ref=ref)
    except db.UNAVAILABLE:
        kept, keys = retention.KeptResults(0, 0, None), []
    state.kept = f"{count_of(kept.count)}, {words(kept.size)}" if kept.count else ""
    state.zip_href = f"/api/jobs/{ref}/results.zip" if kept.count else ""
    state.script_action = f"/api/jobs/{ref}/download-script"
    state.kept_until = iso(kept.until)
    state.kept_day = f"{kept.until:%Y-%m-%d}" if kept.until else ""
    state.more_days = settings().results_kept_days
    state.key_days = f"{settings().download_key_days:g}"
    state.keys = [_key_item(key) for key in keys]
    state.may_make_key = len(keys) < download_keys.MOST_KEYS
    state.can_keep = may_act and kept.until is not None
    state.can_delete = may_act and kept.count > 0 and detail.row.status in ENDED


def _show_copies(state: JobDownloadsState, detail: JobDetail) -> None:
    """What the service still has, and whether we have it too."""
    until = detail.results_expire_at
    state.copies_until = iso(until)
    state.copies_day = f"{until:%Y-%m-%d}" if until else ""
    state.is_over = until is not None and until <= now()
    state.copies_gone = iso(detail.results_gone_at)
    states = {row.state for row in detail.results if row.role}
    state.is_all_here = bool(states) and states.isdisjoint({*AWAY, "gone", "deleted"})
    state.missing = what_is_missing(detail)
    state.is_in_danger = is_in_danger(detail)


def has_results(detail: JobDetail) -> bool:
    """Whether there is anything to say of results; a run that failed or was stopped left none."""
    left_none = detail.row.status in ("failed", "cancelled") and not detail.results
    return not left_none and bool(
        detail.results or detail.results_expire_at or detail.results_gone_at
    )


def what_is_missing(detail: JobDetail) -> str:
    """Which results are not here, in words; empty where all are."""
    wanted = [row.state for row in detail.results if row.role]
    lost, away = wanted.count("gone"), sum(wanted.count(one) for one in AWAY)
    # Nothing is fetched any more once the job has ended.
    yet = "" if detail.row.status in ENDED else " yet"
    if lost and detail.results_gone_at:
        return f"{count_of(lost)} had not been fetched"
    if not wanted:
        return f"nothing is here{yet}"
    return f"{count_of(away)} {'is' if away == 1 else 'are'} not here{yet}" if away else ""


def is_in_danger(detail: JobDetail) -> bool:
    """Whether what is missing may never come: nobody fetches it any more, or its end is near."""
    until = detail.results_expire_at
    soon = now() + timedelta(hours=settings().loss_warning_hours)
    has_ended = detail.row.status in ENDED or detail.results_gone_at is not None
    return has_ended or (until is not None and until <= soon)


def _key_item(key: KeyRow) -> KeyItem:
    return KeyItem(
        ref=key.ref,
        created_at=iso(key.created_at),
        expires_at=iso(key.expires_at),
        last_used_at=iso(key.last_used_at),
    )
