"""Tokens and passwords are nowhere: no page, event, answer, log, row, file or argument has them."""

import base64
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import quote

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from playwright.sync_api import Browser, WebSocket, expect
from sqlmodel import select

from app.app import api
from app.config import settings
from app.domain import secret_keys
from app.domain.access import Actor
from app.pages.template import PAGES
from demo.dataset import write as write_demo_dataset
from models import db
from models.jobs import Job, Submission
from models.users import ServiceCredential
from tests.support.axe import faults
from tests.support.databases import empty_databases
from tests.support.filling import add_dataset, add_panel, add_service, somebody
from tests.support.leaks import all_arguments, everything_stored, heard, leaks
from tests.support.platform import start_web, start_worker
from tests.support.processes import ROOT
from tests.support.servers import Server
from tests.support.visitor import Visitor, arrive
from tests.support.working import submit_to
from tests.workers.test_expiry import jwt
from tests.workers.test_tokens import DAY, now

RECIPE: dict[str, Any] = json.loads((ROOT / "demo" / "recipe.json").read_text())
RECIPE["workflow_params"] |= {"password": "${password}"}
# What the pages that tell of tokens say of them.
TELLING = {
    "/": "The lab's token for Talkative",
    "/account": "ends in 12 days",
    "/services/[service_ref]": "ends in 12 days",
    "/admin/services/[service_ref]": "Not accepted",
}
TABS = ("?tab=history", "?tab=hours", "?tab=checks")


class Talkative(BaseHTTPRequestHandler):
    """A WES that repeats each token and password that it is given in its errors."""

    accepted = ""
    passwords: ClassVar[list[str]] = []

    def log_message(self, *_: Any) -> None:
        """Be quiet."""

    def do_GET(self) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if "service-info" in self.path:
            self._say(200, {"workflow_type_versions": {"CWL": {"workflow_type_version": ["v1.2"]}}})
        elif token == self.accepted:
            self._say(200, {"runs": [], "next_page_token": ""})
        else:
            self._say(401, {"msg": f"The token {token} is none of ours", "token": token})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8", "replace")
        sent = re.search(r'"password": ?"(\w+)"', body)
        self.passwords.append(sent[1] if sent else "")
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self._say(401, {"msg": f"Password {self.passwords[-1]}, but {token} is none of ours"})

    def _say(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@dataclass
class Scene:
    """A platform whose processes tell all they can, and whoever knows the secrets."""

    web: Server
    service_ref: str
    refs: dict[str, str]
    ada: Actor
    cookies: dict[str, str]
    logs: Path
    secrets: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)

    def address(self, route: str) -> str:
        return re.sub(r"[\[{](\w+)[\]}]", lambda part: self.refs.get(part[1], part[1]), route)


@pytest.fixture
def service() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Talkative)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def scene(browser: Browser, postgres: str, service: str, tmp_path: Path) -> Iterator[Scene]:
    empty_databases()
    debug = {"FGIP_LOG_LEVEL": "DEBUG"}
    web = start_web(log=tmp_path / "web.log", **debug)
    worker = start_worker(log=tmp_path / "worker.log", FGIP_PUBLIC_URL=web.url, **debug)
    ada, cookies = somebody("ada", "administrator")
    service_ref = add_service(ada, "Talkative", service)
    panel_ref = add_panel(ada, service_ref, "A panel", RECIPE)
    write_demo_dataset(tmp_path)
    dataset_ref = add_dataset(ada, "Genotypes", tmp_path / "demo.vcf.gz")
    refs = {"service_ref": service_ref, "panel_ref": panel_ref, "dataset_ref": dataset_ref}
    yield Scene(web, service_ref, refs, ada, cookies, tmp_path)
    worker.stop()
    web.stop()


def save_token(person: Visitor, path: str, token: str) -> None:
    """Enter a token as a person does, and wait for the verdict, which comes by itself."""
    person.open(path)
    person.settle()
    person.page.get_by_label(re.compile(r"^(New token|Token)")).fill(token)
    person.page.get_by_role("button", name="Store the token").click()
    expect(person.page.get_by_text("The token is stored.")).to_be_visible()


def add_job(scene: Scene) -> None:
    """A job with an archive password, which is held because the service refuses its token."""
    refs = scene.refs
    refs["job_ref"] = submit_to(refs["panel_ref"], refs["dataset_ref"], owner=scene.ada)
    with db.session(db.JOBS) as session:
        job = session.exec(select(Job).where(Job.ref == refs["job_ref"])).one()
        submission = session.exec(select(Submission).where(Submission.id == job.submission_id))
        refs["submission_ref"] = submission.one().ref


def listen(person: Visitor, scene: Scene) -> None:
    """Note every message of the event sockets."""

    def opened(socket: WebSocket) -> None:
        for direction in ("framereceived", "framesent"):
            socket.on(
                direction,
                lambda payload: scene.said.update(
                    {f"message {len(scene.said)} of {person.page.url}": str(payload)}
                ),
            )

    person.page.on("websocket", opened)


def walk(person: Visitor, scene: Scene) -> None:
    """Open every page, and note what it shows."""
    routes = [page.route for page in PAGES if page.route not in ("/sign-in", "/setup")]
    for route in [*routes, *(f"/services/[service_ref]{tab}" for tab in TABS)]:
        person.open(scene.address(route))
        person.settle()
        if route in TELLING:
            expect(person.page.get_by_role("main")).to_contain_text(TELLING[route])
            assert faults(person.page) == "", route
        scene.said[f"page {route}"] = person.page.content()
        scene.said |= all_arguments()


def ask_all_routes(scene: Scene) -> None:
    """Ask every route of ours, with what is there and with a form that makes no sense."""
    with httpx.Client(base_url=scene.web.url, cookies=scene.cookies, timeout=30) as client:
        for route in iter_route_contexts(api.routes):
            for method in set(route.methods or ()) - {"DELETE", "PATCH"}:
                if "sign-out" in route.path or "forget" in route.path:
                    continue
                form = {"data": {"token": scene.secrets["own"] * 300}} if method == "POST" else {}
                answer = client.request(method, scene.address(route.path), **form)
                said = f"{answer.status_code} {answer.headers} {answer.text}"
                scene.said[f"{method} {route.path}"] = said


def test_a_secret_is_found_in_each_spelling() -> None:
    secret = secrets.token_urlsafe(32) + "+/"
    behind = base64.b64encode(f"token={secret};".encode()).decode()
    texts = (secret, f"…{secret[-8:]}", quote(secret, safe=""), secret.encode().hex(), behind)
    for text in texts:
        assert leaks({"it": secret}, {"here": f"some {text} text"}), text
    assert leaks({"it": secret}, {"here": secret[:-9], "there": secret[-4:]}) == []


def test_a_secret_is_nowhere_but_encrypted_in_its_row(browser: Browser, scene: Scene) -> None:
    own = jwt(now() + 12 * DAY, name=secrets.token_urlsafe(12))
    own = own.rpartition(".")[0] + f".{secrets.token_urlsafe(32)}"
    wrong, shared = (secrets.token_urlsafe(32) for _ in range(2))
    scene.secrets = {"own": own, "a wrong one": wrong, "shared": shared}
    Talkative.accepted = own
    recording = scene.logs / "heard.har"
    ada = arrive(browser, scene.web.url, record_har_path=recording, record_har_content="embed")
    ada.sign_in(scene.cookies)
    listen(ada, scene)

    save_token(ada, scene.address("/admin/services/[service_ref]"), shared)
    expect(ada.page.get_by_text("Not accepted")).to_be_visible()
    save_token(ada, scene.address("/services/[service_ref]"), wrong)
    expect(ada.page.get_by_text("Not accepted")).to_be_visible()
    add_job(scene)
    ada.open(scene.address("/jobs/[job_ref]"))
    expect(ada.page.get_by_text("does not let us in").first).to_be_visible()
    save_token(ada, scene.address("/services/[service_ref]"), own)
    expect(ada.page.get_by_text("Accepted", exact=True)).to_be_visible()
    expect(ada.page.get_by_text("ends in 12 days")).to_be_visible()
    walk(ada, scene)
    ask_all_routes(scene)
    with db.session(db.JOBS) as session:
        kept = session.exec(select(Job.archive_password)).one()
        scene.secrets["password"] = secret_keys.decrypt(kept)
    assert scene.secrets["password"] in Talkative.passwords
    ada.leave(traces=None)

    recorded = heard(json.loads(recording.read_text()))
    stored = dict(everything_stored())
    written = {
        str(path): path.read_bytes().decode("utf-8", "replace")
        for folder in (settings().data_dir, ROOT / ".states")
        for path in folder.rglob("*")
        if path.is_file() and settings().data_dir / "postgres" not in path.parents
    }
    logs = {path.name: path.read_text() for path in scene.logs.glob("*.log")}
    said = scene.said | recorded | stored | written | logs
    found = leaks(scene.secrets, said)
    assert found == [], "\n".join(found[:40])
    # What was searched holds what it should.
    assert own[-4:] in scene.said["page /services/[service_ref]"]
    assert "is not accepted" in stored[f"{db.NOTIFICATIONS}.notifications"]
    assert "is not accepted" in stored[f"{db.MONITORING}.alerts"]
    assert "credential.set" in stored[f"{db.PLATFORM}.audit_log"]
    assert "worker started" in logs["worker.log"]
    assert len(recorded) > 50
    messages = [text for where, text in scene.said.items() if where.startswith("message")]
    assert own[-4:] in "".join(messages)
    with db.session(db.USERS) as session:
        kept = [
            secret_keys.decrypt(row.ciphertext) for row in session.exec(select(ServiceCredential))
        ]
    assert sorted(json.loads(text)["token"] for text in kept) == sorted([own, shared])
