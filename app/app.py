"""Composition root of the web process, nothing else."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import reflex as rx
from fastapi import FastAPI

from app.api import (
    downloads,
    health,
    health_checks,
    resource_csv,
    results,
    service_tokens,
    status,
    terms,
    uploads,
)
from app.api import incidents as incident_files
from app.api import job_quality as quality_files
from app.api import service_layers as layer_files
from app.api import sign_in as sign_in_routes
from app.api.errors import answer_errors
from app.config import settings
from app.logs import configure_logs
from app.pages import (  # noqa: F401  (importing a page registers it)
    account,
    admin_list,
    admin_object,
    admin_panel,
    admin_panels,
    admin_service,
    admin_services,
    admin_status,
    admin_users,
    dataset,
    datasets,
    incidents,
    job,
    jobs,
    notifications,
    overview,
    panels,
    service,
    services,
    setup,
    sign_in,
    submission,
    submit,
)
from app.pages.template import PAGES
from app.states.hub import listening
from app.states.live import sweep_closed_tabs
from app.states.mishap import tell_of_mishap
from app.states.run_time import following_settings
from app.states.tab import ForgetOtherSessions
from models import db

THREADS = 16


@asynccontextmanager
async def process():
    """Set up logs and databases for this process, and listen to the databases' changes."""
    configure_logs()
    # By default there are six on two cores; a few slow disks or databases would hold up everybody.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
    db.configure(settings().database_urls)
    async with listening(), following_settings():
        yield
    db.dispose()


api = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
answer_errors(api)
api.include_router(health.router)
api.include_router(status.router)
api.include_router(sign_in_routes.router)
api.include_router(uploads.router)
api.include_router(downloads.router)
api.include_router(results.router)
api.include_router(quality_files.router)
api.include_router(service_tokens.router)
api.include_router(health_checks.router)
api.include_router(incident_files.router)
api.include_router(layer_files.router)
api.include_router(terms.router)
api.include_router(resource_csv.router)

app = rx.App(
    html_lang="en",
    stylesheets=["/style.css"],
    head_components=[
        rx.el.link(rel="icon", type="image/svg+xml", href="/favicon.svg"),
        rx.el.script(src="/countdown.js", defer=True),
    ],
    api_transformer=api,
    backend_exception_handler=tell_of_mishap,
)
app.add_middleware(ForgetOtherSessions())
app.register_lifespan_task(process)
app.register_lifespan_task(sweep_closed_tabs)
for entry in PAGES:
    app.add_page(entry.build, route=entry.route, title=entry.title, on_load=entry.on_load)
