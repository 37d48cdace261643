"""Reflex's own settings; the platform's are in app/config.py."""

import os

import reflex as rx

from app.config import settings

config = rx.Config(
    app_name="app",
    telemetry_enabled=False,
    show_built_with_reflex=False,
    cors_allowed_origins=settings().allowed_origins,
    # Pages are rebuilt from the databases, so nothing of a tab needs to survive a restart, and no
    # pickle lies on disk. Several web processes share the tabs' state in Redis.
    state_manager_mode="redis" if os.environ.get("REDIS_URL") else "memory",
    plugins=[
        rx.plugins.RadixThemesPlugin(
            theme=rx.theme(accent_color="indigo", gray_color="slate", radius="medium")
        )
    ],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
