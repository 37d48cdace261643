"""Where one can go: a sidebar, which is a drawer on a phone."""

import functools
import operator

import reflex as rx

from app.components.plain_form import plain_form
from app.resources.register import RESOURCES
from app.states.session import SessionState

# (label, icon, path, permission)
WORK = (
    ("Overview", "layout-dashboard", "/", ""),
    ("Datasets", "database", "/datasets", "dataset:read"),
    ("Submit", "send", "/submit", "job:submit"),
    ("Jobs", "list-checks", "/jobs", "job:read"),
    ("Services", "server", "/services", "service:read"),
    ("Incidents", "siren", "/incidents", "service:read"),
    ("Panels", "layers", "/panels", "service:read"),
)
ADMINISTRATION = (
    ("Services", "server-cog", "/admin/services", "service:write"),
    ("Panels", "layers-2", "/admin/panels", "service:write"),
    ("People", "users", "/admin/users", "user:read"),
    *((one.title, one.icon, one.path, one.permission) for one in RESOURCES.values()),
    ("Status page", "radio-tower", "/admin/status", "setting:write"),
)


def _may(permission: str) -> rx.Var[bool]:
    any_of = SessionState.permissions.contains(f"{permission}:any")
    return SessionState.permissions.contains(permission) | any_of


def _is_here(path: str) -> rx.Var[bool]:
    here = rx.State.router.url.path
    exact = (here == path) | (here == f"{path}/")
    return exact if path == "/" else exact | here.startswith(f"{path}/")


def _link(label: str, icon: str, path: str, permission: str) -> rx.Component:
    link = rx.link(
        rx.icon(icon, size=17, aria_hidden="true"),
        label,
        href=path,
        underline="none",
        color="inherit",
        class_name=rx.cond(_is_here(path), "nav-link nav-here", "nav-link"),
        custom_attrs={"aria-current": rx.cond(_is_here(path), "page", "false")},
    )
    return rx.cond(_may(permission), link) if permission else link


def _links(*, label: str) -> rx.Component:
    may_administer = functools.reduce(
        operator.or_, [_may(one) for one in dict.fromkeys(entry[3] for entry in ADMINISTRATION)]
    )
    return rx.el.nav(
        *[_link(*entry) for entry in WORK],
        rx.cond(
            may_administer,
            rx.el.div(
                rx.text("Administration", size="1", class_name="nav-title"),
                *[_link(*entry) for entry in ADMINISTRATION],
                class_name="nav-group",
            ),
        ),
        aria_label=label,
        class_name="nav-links",
    )


def _brand() -> rx.Component:
    return rx.link(
        rx.el.span(rx.icon("dna", size=18, aria_hidden="true"), class_name="brand-mark"),
        rx.el.span("Genomic Imputation", class_name="brand-name"),
        href="/",
        underline="none",
        color="inherit",
        class_name="brand",
        aria_label="Federated Genomic Imputation Platform, overview",
    )


def _theme_button() -> rx.Component:
    return rx.icon_button(
        rx.color_mode_cond(rx.icon("moon", size=16), rx.icon("sun", size=16)),
        on_click=rx.toggle_color_mode,
        variant="ghost",
        color_scheme="gray",
        high_contrast=True,
        aria_label=rx.color_mode_cond("Use the dark theme", "Use the light theme"),
    )


def _bell() -> rx.Component:
    return rx.link(
        rx.icon("bell", size=16, aria_hidden="true"),
        rx.cond(
            SessionState.unread > 0,
            rx.el.span(SessionState.unread, class_name="bell-count"),
        ),
        href="/notifications",
        color="inherit",
        class_name="bell",
        aria_label=rx.cond(
            SessionState.unread > 0,
            f"Notifications, {SessionState.unread} unread",
            "Notifications",
        ),
    )


def _person() -> rx.Component:
    account = rx.link(
        rx.avatar(fallback=SessionState.initials, size="2", high_contrast=True),
        rx.el.span(
            rx.el.span(SessionState.name, class_name="person-name"),
            rx.el.span(SessionState.email, class_name="person-email"),
            class_name="person-text",
        ),
        href="/account",
        underline="none",
        color="inherit",
        class_name="person",
    )
    return rx.el.div(
        rx.cond(SessionState.is_ready, account),
        rx.el.div(
            _bell(),
            _theme_button(),
            plain_form(
                rx.icon_button(
                    rx.icon("log-out", size=16),
                    type="submit",
                    variant="ghost",
                    color_scheme="gray",
                    high_contrast=True,
                    aria_label="Sign out",
                ),
                action="/auth/sign-out",
            ),
            class_name="person-actions",
        ),
        class_name="sidebar-foot",
    )


def sidebar() -> rx.Component:
    """The sidebar of a wide screen."""
    return rx.el.header(_brand(), _links(label="Main"), _person(), class_name="sidebar")


def drawer() -> rx.Component:
    """The bar and the drawer of a narrow screen."""
    opener = rx.icon_button(
        rx.icon("menu", size=18),
        variant="ghost",
        color_scheme="gray",
        high_contrast=True,
        aria_label="Open the menu",
    )
    content = rx.drawer.content(
        rx.drawer.title("Menu", class_name="visually-hidden"),
        rx.drawer.description("Pages of the platform", class_name="visually-hidden"),
        rx.drawer.close(_links(label="Main, on a small screen")),
        _person(),
        class_name="drawer",
    )
    return rx.el.header(
        _brand(),
        rx.drawer.root(
            rx.drawer.trigger(opener),
            rx.drawer.overlay(z_index="9"),
            rx.drawer.portal(content),
            direction="left",
        ),
        class_name="topbar",
    )
