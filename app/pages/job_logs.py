"""A job's logs: a tab for each, and the end of the one that is open."""

import reflex as rx

from app.components.frame import section
from app.domain.access import Actor
from app.domain.job_details import job_log
from app.states.calls import call
from app.states.guard import guarded
from app.states.route import route_argument
from models import db


class JobLogsState(rx.State):
    """The log that is open, of the job in the URL."""

    names: list[str] = []
    name: str = ""
    text: str = ""
    is_truncated: bool = False

    @guarded("job:read")
    async def open(self, actor: Actor, name: str) -> None:
        """Open another log."""
        await show_logs(self, actor, self.names, wanted=str(name)[:120])


async def show_logs(
    logs: JobLogsState, actor: Actor, names: list[str], *, wanted: str = ""
) -> None:
    """Show these tabs, with the wanted log, the one that is open, or the first one.

    No method of the state, because the browser could call that.
    """
    logs.names = names
    known = [name for name in (wanted, logs.name, *names) if name in names]
    if not known:
        return
    job_ref = route_argument(logs, "job_ref")
    log = await call(db.JOBS, job_log, actor=actor, job_ref=job_ref, name=known[0])
    logs.name, logs.text, logs.is_truncated = log.name, log.text, log.is_truncated


def logs_section() -> rx.Component:
    """The tabs, where there are logs."""
    copy = rx.button(
        rx.icon("copy", size=13, aria_hidden="true"),
        "Copy",
        on_click=rx.set_clipboard(JobLogsState.text),
        size="1",
        variant="surface",
        color_scheme="gray",
        high_contrast=True,
        aria_label="Copy the log",
    )
    tabs = rx.tabs.root(
        rx.tabs.list(
            rx.foreach(JobLogsState.names, lambda name: rx.tabs.trigger(name, value=name))
        ),
        rx.tabs.content(
            rx.el.div(
                rx.cond(
                    JobLogsState.is_truncated,
                    rx.text("Only its end is shown.", size="1", class_name="muted"),
                ),
                copy,
                class_name="log-head",
            ),
            rx.el.pre(JobLogsState.text, class_name="log", tab_index=0),
            value=JobLogsState.name,
        ),
        value=JobLogsState.name,
        on_change=JobLogsState.open,
    )
    return rx.cond(JobLogsState.names, section("Logs", tabs))
