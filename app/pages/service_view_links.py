"""The ways between the tabs of a service's page, and between stretches of time: plain links."""

from collections.abc import Mapping

import reflex as rx

from app.states.service_view import MEASURES, SPAN_NAMES, SPANS, TABS


def tab_links(path: rx.Var[str], here: rx.Var[str]) -> rx.Component:
    """The page's parts; only the one that is shown is read."""
    return _links(
        "Parts of the page", "tabs", path, {tab: f"tab={tab}" for tab in TABS}, TABS, here
    )


def span_links(tab: str, path: rx.Var[str], here: rx.Var[str], more: str = "") -> rx.Component:
    """The stretches of time that a tab can show."""
    queries = {span: f"tab={tab}&range={span}" for span in SPANS[tab]}
    return _links("Stretch of time", "choices-row", path, queries, SPAN_NAMES, here)


def measure_links(path: rx.Var[str], span: rx.Var[str], here: rx.Var[str]) -> rx.Component:
    """What the hours of the week can show."""
    queries = {key: "tab=hours&range=" + span + f"&measure={key}" for key in MEASURES}
    return _links("Measure", "choices-row", path, queries, MEASURES, here)


def _links(
    label: str,
    looks: str,
    path: rx.Var[str],
    queries: Mapping[str, str | rx.Var[str]],
    names: Mapping[str, str],
    here: rx.Var[str],
) -> rx.Component:
    links = [
        rx.link(
            names[key],
            href=path + "?" + query,
            underline="none",
            class_name=rx.cond(here == key, "tab-link tab-here", "tab-link"),
            custom_attrs={"aria-current": rx.cond(here == key, "true", "false")},
        )
        for key, query in queries.items()
    ]
    return rx.el.nav(*links, aria_label=label, class_name=looks)
