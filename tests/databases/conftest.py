"""The platform's real web process and worker, with a proxy before each of the seven databases."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlmodel import select

from app.config import settings
from app.domain import probe_schedule
from app.domain.passwords import hash_password
from models import db
from models.files import StoredFile
from models.registry import ImputationService
from models.users import User
from tests.browser.conftest import browser
from tests.databases.situation import PASSWORD, Situation
from tests.support.databases import empty_databases
from tests.support.filling import somebody
from tests.support.platform import start_web, start_worker
from tests.support.proxy import proxied
from tests.support.small_wes import small_wes
from tests.support.working import add_dataset, add_panel

__all__ = ["browser"]


@pytest.fixture(scope="package")
def situation(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Situation]:
    """One platform for all cases: each begins and ends with all seven databases there."""
    empty_databases()
    folder: Path = tmp_path_factory.mktemp("databases")
    with ExitStack() as stack:
        wes = stack.enter_context(small_wes())
        proxies, environment = {}, {}
        for name, url in settings().database_urls.items():
            proxies[name], own = stack.enter_context(proxied(make_url(url)))
            environment[f"FGIP_{name.upper()}_URL"] = own
        environment |= {"FGIP_POLL_INTERVAL_SECONDS": "1", "FGIP_PROBE_INTERVAL_SECONDS": "2"}
        rosa, cookies = somebody("rosa")
        _, ada_cookies = somebody("ada", "administrator")
        with db.session(db.USERS) as session:
            for user in session.exec(select(User)):
                user.password_hash = hash_password(PASSWORD)
        panel_ref = add_panel(wes.base_url)
        dataset_ref = add_dataset(folder, rosa)
        with db.session(db.REGISTRY) as session:
            service = session.exec(select(ImputationService)).one()
            service_ref, service.is_available = service.ref, True
            session.add(service)
            probe_schedule.forget(session, service_id=service.id or 0)
        with db.session(db.FILES) as session:
            file_ref = session.exec(select(StoredFile.ref)).one()
        web = start_web(**environment, log=folder / "web.log")
        stack.callback(web.stop)
        worker = start_worker(**environment, FGIP_PUBLIC_URL=web.url, log=folder / "worker.log")
        stack.callback(worker.stop)
        yield Situation(
            url=web.url,
            proxies=proxies,
            wes=wes,
            folder=folder,
            rosa=rosa,
            cookies=cookies,
            ada_cookies=ada_cookies,
            service_ref=service_ref,
            panel_ref=panel_ref,
            dataset_ref=dataset_ref,
            file_ref=file_ref,
        )
