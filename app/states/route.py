"""What the address of a page says."""

import reflex as rx


def route_argument(state: rx.State, name: str) -> str:
    """Return an argument of the page's route, such as `job_ref` of /jobs/[job_ref].

    Reflex keeps it as a variable of the root state. It comes from the address bar: never trust it.
    """
    return str(getattr(state, name, ""))
