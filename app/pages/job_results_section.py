"""The part of a job's page about its results: what is here, for how long, and how to get it."""

import reflex as rx

from app.components.confirm import confirm
from app.components.controls import quiet_button
from app.components.countdown import countdown
from app.components.frame import notice, section
from app.components.moment import moment
from app.components.plain_form import plain_form
from app.components.table import table
from app.pages.job_downloads import JobDownloadsState, KeyItem
from app.pages.job_results import results_table
from app.states.job_item import JobItem

# A form that is sent from the page itself makes the page end its connection, as if it were left.
FRAME = "script-download"


def results_section(job: rx.Var[JobItem]) -> rx.Component:
    """The results, where there are any or a service deletes them some time."""
    state = JobDownloadsState
    content = section(
        "Results",
        _copies(job),
        rx.cond(state.can_try_last, _last_download()),
        rx.cond(state.results, results_table(state.results)),
        rx.el.div(
            rx.cond(state.kept, _kept()),
            rx.cond(state.is_own & state.kept, _script()),
            class_name="keeping",
        ),
        action=_actions(job),
    )
    return rx.cond(state.is_shown, content)


def _actions(job: rx.Var[JobItem]) -> rx.Component:
    state = JobDownloadsState
    everything = rx.el.a(
        rx.icon("download", size=16, aria_hidden="true"),
        "Download all",
        href=state.zip_href,
        download=True,
        # The browser's own way: the page's router knows nothing of files.
        reload_document=True,
    )
    delete = confirm(
        quiet_button("Delete results"),
        title="Delete the results of this job?",
        text=rx.fragment(
            state.kept,
            " are deleted here for good. The job keeps its history. ",
            rx.cond(
                state.copies_until & ~state.copies_gone & ~state.is_over,
                "The service has its own copies until " + state.copies_day + ".",
                "The service may not have them any more.",
            ),
        ),
        action="Delete results",
        on_confirm=state.delete_results,
    )
    return rx.el.div(
        rx.cond(state.can_delete, delete),
        rx.cond(
            state.zip_href,
            rx.button(everything, as_child=True, size="2", high_contrast=True),
        ),
        class_name="row",
    )


def _copies(job: rx.Var[JobItem]) -> rx.Component:
    """What the service still has; in red where some of it may never come here."""
    state = JobDownloadsState
    when = rx.cond(
        state.copies_gone,
        rx.fragment(job.service, " deleted its copies ", moment(state.copies_gone)),
        rx.cond(
            state.is_over,
            rx.fragment(job.service, " was to delete its copies on ", state.copies_day),
            rx.fragment(
                job.service,
                " deletes its copies in ",
                countdown(state.copies_until),
                " (",
                state.copies_day,
                ")",
            ),
        ),
    )
    missing = rx.fragment(when, "; ", state.missing, ".")
    here = rx.cond(state.is_all_here, "; everything is here already.", ".")
    return rx.cond(
        state.copies_until | state.copies_gone,
        rx.el.div(
            rx.cond(
                state.missing,
                rx.cond(
                    state.is_in_danger,
                    notice(missing, color="red", icon="timer-off"),
                    notice(missing, icon="timer"),
                ),
                rx.el.p(
                    rx.icon("timer", size=14, aria_hidden="true"),
                    rx.el.span(when, here),
                    class_name="icon-line muted contact",
                ),
            ),
            margin_bottom="12px",
        ),
    )


def _last_download() -> rx.Component:
    """The way to a result of which the service hands out one more copy only."""
    return rx.el.div(
        confirm(
            rx.button("Try the last download", size="1", high_contrast=True),
            title="Use up the last download?",
            text="The service hands the result out once more only. If this fetch breaks off too, "
            "nobody can have it from there again. You can also fetch it at the service yourself.",
            action="Try it",
            on_confirm=JobDownloadsState.try_last_download,
            otherwise="Leave it",
        ),
        margin_bottom="12px",
    )


def _kept() -> rx.Component:
    """How much is here, and for how long."""
    state = JobDownloadsState
    until = rx.cond(
        state.kept_until,
        rx.fragment(
            " here until ", state.kept_day, ", for another ", countdown(state.kept_until), "."
        ),
        " here until their owner deletes them.",
    )
    return rx.el.p(
        rx.el.span(
            rx.icon("hard-drive", size=14, aria_hidden="true"),
            rx.el.span(state.kept, ", kept", until),
            class_name="icon-line",
        ),
        _longer(),
        class_name="row",
    )


def _longer() -> rx.Component:
    """The way to keep results that would be deleted."""
    state = JobDownloadsState
    some_days = "Keep for another " + state.more_days.to_string() + " days"
    label = rx.cond(state.more_days > 0, some_days, "Keep for good")
    return rx.cond(state.can_keep, quiet_button(label, on_click=state.keep_longer))


def _script() -> rx.Component:
    """A script for a terminal, and the keys that went out with such scripts."""
    state = JobDownloadsState
    many = rx.text("This job has as many keys as it may have. Revoke one first.", size="2")
    return rx.el.details(
        rx.el.summary("Fetch them in a terminal, with curl or wget"),
        rx.el.div(
            rx.text(
                "A bash script fetches every file, goes on where it stopped, and checks each "
                "SHA-256. It holds a key that opens the results of this job and nothing else, for "
                + state.key_days
                + " days. Keep it to yourself.",
                size="2",
            ),
            rx.cond(state.may_make_key, _script_form(), many),
            rx.el.iframe(name=FRAME, title="Download of the script", display="none"),
            rx.cond(state.keys, _keys()),
            class_name="script",
        ),
    )


def _script_form() -> rx.Component:
    return plain_form(
        rx.el.label(
            rx.el.span("Program", class_name="visually-hidden"),
            rx.el.select(
                rx.el.option("curl", value="curl"),
                rx.el.option("wget", value="wget"),
                name="program",
                class_name="select",
            ),
        ),
        quiet_button("Download the script", type="submit"),
        action=JobDownloadsState.script_action,
        target=FRAME,
        class_name="row",
    )


def _keys() -> rx.Component:
    return table(
        "Keys to these results",
        ("Script made", "Last used", "Key ends", "End it now"),
        rx.foreach(JobDownloadsState.keys, _key),
        in_card=True,
        caption=rx.el.span("Keys to these results", class_name="visually-hidden"),
    )


def _key(key: rx.Var[KeyItem]) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(moment(key["created_at"])),
        rx.table.cell(moment(key["last_used_at"], never="never")),
        rx.table.cell(moment(key["expires_at"])),
        rx.table.cell(quiet_button("Revoke", on_click=JobDownloadsState.revoke_key(key["ref"]))),
        align="center",
    )
