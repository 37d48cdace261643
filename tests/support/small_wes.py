"""A small WES 1.0.1 server on loopback whose every weakness can be switched on by a test."""

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANY_VERSION = {"workflow_type_version": ["v1.2"]}
SERVICE_INFO = {
    "workflow_type_versions": {"CWL": ANY_VERSION},
    "workflow_engine_versions": {"cwltool": "3"},
    "supported_wes_versions": ["1.0.1"],
    "supported_filesystem_protocols": ["http"],
    "auth_instructions_url": "",
}


@dataclass
class Run:
    """A run as the server knows it; a test sets its state and what it leaves."""

    run_id: str
    tags: dict[str, str]
    params: dict[str, Any]
    attachments: dict[str, bytes]
    state: str = "QUEUED"
    stderr: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    local_files: list[str] = field(default_factory=list)
    cancels: int = 0


@dataclass
class SmallWes:
    """The server's switches, and what it was asked."""

    base_url: str = ""
    runs: dict[str, Run] = field(default_factory=dict)
    posts: int = 0
    asked: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    hangs_up_after_taking: bool = False
    hangs_up_before_taking: bool = False
    answers: threading.Event = field(default_factory=threading.Event)
    keeps_tags: bool = True
    refuses_with: str = ""
    is_away: bool = False
    fails_with: int = 0
    retry_after: str = ""
    cancel_works: bool = True
    forgets: bool = False
    stumbles_over: str = ""
    cut_after: int = 0
    tells_sizes: bool = False
    hands_out_nothing: bool = False

    def only_run(self) -> Run:
        """The one run that there is."""
        (run,) = self.runs.values()
        return run


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wes: SmallWes

    def log_message(self, *_: Any) -> None:
        """Be quiet."""

    def do_GET(self) -> None:
        self.wes.asked.append(self.path)
        if self._is_unwell():
            return
        parts = self.path.partition("?")[0].strip("/").split("/")
        match parts:
            case ["service-info"]:
                self._json(SERVICE_INFO)
            case ["runs"]:
                shown = [] if self.wes.forgets else list(self.wes.runs.values())
                rows = [{"run_id": run.run_id, "state": run.state} for run in shown]
                self._json({"runs": rows, "next_page_token": ""})
            case ["runs", run_id, *_] if run_id == self.wes.stumbles_over:
                self._json({"msg": "no file of that run"}, 500)
            case ["runs", run_id, *rest] if run_id in self.wes.runs and not self.wes.forgets:
                self._run(self.wes.runs[run_id], rest)
            case _:
                self._json({"msg": "no such run", "status_code": 404}, 404)

    def do_POST(self) -> None:
        self.wes.asked.append(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self._is_unwell():
            return
        parts = self.path.strip("/").split("/")
        if parts == ["runs"]:
            self._submit(body)
        else:
            run = self.wes.runs[parts[1]]
            run.cancels += 1
            if self.wes.cancel_works and run.state in ("QUEUED", "RUNNING"):
                run.state = "CANCELING"
            self._json({"run_id": run.run_id})

    def _submit(self, body: bytes) -> None:
        self.wes.posts += 1
        if self.wes.hangs_up_before_taking:
            self.close_connection = True
            return
        if self.wes.refuses_with:
            self._json({"msg": self.wes.refuses_with, "status_code": 400}, 400)
            return
        fields, attachments = _form(self.headers["Content-Type"], body)
        run = Run(
            run_id=str(uuid.uuid4()),
            tags=json.loads(fields.get("tags", "{}")),
            params=json.loads(fields["workflow_params"]),
            attachments=attachments,
        )
        self.wes.runs[run.run_id] = run
        if self.wes.hangs_up_after_taking:
            self.close_connection = True
            return
        self.wes.answers.wait()
        with suppress(OSError):  # whoever asked may be gone by now
            self._json({"run_id": run.run_id})

    def _run(self, run: Run, rest: list[str]) -> None:
        if rest == ["status"]:
            self._json({"run_id": run.run_id, "state": run.state})
        elif not rest:
            request = {"workflow_params": run.params}
            if self.wes.keeps_tags:
                request["tags"] = run.tags
            self._json(
                {
                    "run_id": run.run_id,
                    "state": run.state,
                    "request": request,
                    "run_log": {"stdout": "", "stderr": run.stderr, "exit_code": 1},
                    "outputs": self._outputs(run),
                }
            )
        elif rest[-1] in run.files and not self.wes.hands_out_nothing:
            self._file(run.files[rest[-1]])
        else:
            self._json({"msg": "no such thing", "status_code": 404}, 404)

    def _outputs(self, run: Run) -> dict[str, Any]:
        locations = {
            name: f"{self.wes.base_url}/runs/{run.run_id}/files/{name}" for name in run.files
        }
        locations |= {path.rpartition("/")[2]: path for path in run.local_files}
        return {
            name.replace(".", "_"): {"class": "File", "basename": name, "location": location}
            | ({"size": len(run.files[name])} if self.wes.tells_sizes else {})
            for name, location in locations.items()
        }

    def _file(self, content: bytes) -> None:
        wanted = self.headers.get("Range", "")
        self.wes.ranges.append(wanted)
        offset = int(wanted.removeprefix("bytes=").removesuffix("-") or 0)
        self.send_response(206 if offset else 200)
        if offset:
            total = len(content)
            self.send_header("Content-Range", f"bytes {offset}-{total - 1}/{total}")
        self.send_header("Content-Length", str(len(content) - offset))
        self.end_headers()
        rest = content[offset:]
        if self.wes.cut_after:
            self.wfile.write(rest[: self.wes.cut_after])
            self.wes.cut_after = 0
            self.close_connection = True
        else:
            self.wfile.write(rest)

    def _is_unwell(self) -> bool:
        if self.wes.is_away:
            self.close_connection = True
            return True
        if self.wes.fails_with:
            self._json({"msg": "not now"}, self.wes.fails_with)
            return True
        return False

    def _json(self, body: Any, status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if self.wes.retry_after:
            self.send_header("Retry-After", self.wes.retry_after)
        self.end_headers()
        self.wfile.write(data)


def _form(content_type: str, body: bytes) -> tuple[dict[str, str], dict[str, bytes]]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    fields: dict[str, str] = {}
    attachments: dict[str, bytes] = {}
    for part in message_from_bytes(head + body).get_payload():
        content = part.get_payload(decode=True)  # type: ignore[union-attr]
        assert isinstance(content, bytes)
        name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]
        filename = part.get_filename()  # type: ignore[union-attr]
        if filename:
            attachments[filename] = content
        else:
            fields[str(name)] = content.decode()
    return fields, attachments


@contextmanager
def small_wes() -> Iterator[SmallWes]:
    """Run the server for the length of the block."""
    wes = SmallWes()
    wes.answers.set()
    handler = type("Handler", (_Handler,), {"wes": wes})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    wes.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield wes
    finally:
        wes.answers.set()
        server.shutdown()
        server.server_close()
        thread.join()
