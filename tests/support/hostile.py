"""A WES on raw sockets of loopback that can be told to misbehave in one phase, byte by byte."""

import json
import socket
import ssl
import struct
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tests.support.small_wes import SERVICE_INFO, _form

# Sapporo is known to keep tags and to filter by them, so that a lost answer can be looked for.
SAPPORO = {**SERVICE_INFO, "supported_wes_versions": ["1.1.0", "sapporo-wes-2.4.0"]}


@dataclass
class Run:
    """A run that the server took."""

    run_id: str
    tags: dict[str, str]
    state: str = "QUEUED"
    files: dict[str, bytes] = field(default_factory=dict)
    cancels: int = 0


@dataclass
class Request:
    """What was asked; `body` is empty where the behaviour begins before it is read."""

    phase: str
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes = b""

    @property
    def run_id(self) -> str:
        """The run that the path names."""
        return unquote(self.path.split("/")[2])


class Peer:
    """One connection, and what a behaviour may do to it."""

    def __init__(self, wes: "HostileWes", sock: socket.socket, request: Request) -> None:
        self.wes, self.sock, self.request = wes, sock, request

    def send(self, *parts: bytes) -> None:
        """Send bytes; whoever asked may be gone."""
        for part in parts:
            self.sock.sendall(part)

    def reply(
        self,
        body: Any = b"",
        status: int | str = 200,
        kind: str = "application/json",
        headers: str = "",
    ) -> None:
        """Send a whole answer; what is not bytes is sent as JSON. `headers` end with CRLF each."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = f"HTTP/1.1 {status} Said\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n"
        self.send(f"{head}Connection: close\r\n{headers}\r\n".encode(), data)

    def head(self, *lines: str, status: str = "200 OK") -> None:
        """Send the head of an answer whose body follows."""
        rows = [f"HTTP/1.1 {status}", "Content-Type: application/json", *lines, "", ""]
        self.send("\r\n".join(rows).encode())

    def drip(self, data: bytes, seconds: float = 0.3) -> None:
        """Send one byte at a time for as long as somebody listens."""
        for byte in data:
            self.send(bytes([byte]))
            if self.wes.over.wait(seconds):
                return

    def flood(self, block: bytes, times: int = 10_000) -> None:
        """Send a block again and again for as long as somebody listens."""
        for _ in range(times):
            self.send(block)
            if self.wes.over.is_set():
                return

    def hang(self) -> None:
        """Keep the connection open and say nothing more."""
        self.sock.settimeout(0.1)
        while not self.wes.over.is_set():
            with suppress(TimeoutError):
                if not self.sock.recv(65536):
                    return

    def reset(self) -> None:
        """End the connection with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def well(self) -> None:
        """Answer as it should be."""
        self.wes.answer(self)

    def run(self) -> Run:
        """The run that the path names."""
        return self.wes.runs[self.request.run_id]


Trick = Callable[[Peer], None]


@dataclass
class HostileWes:
    """The server. `tricks` are by phase; an early one comes before the body of a request is read.

    `raw` is done to each connection before anything is read; `tls` and `trusts` may change while it
    runs.
    """

    port: int = 0
    scheme: str = "http"
    tricks: dict[str, Trick] = field(default_factory=dict)
    early: dict[str, Trick] = field(default_factory=dict)
    raw: Trick | None = None
    tls: ssl.SSLContext | None = None
    runs: dict[str, Run] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    info: dict[str, Any] = field(default_factory=lambda: dict(SAPPORO))

    @property
    def base_url(self) -> str:
        """The base URL of the service."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def be_well(self) -> None:
        """Behave from now on; connections that hang end."""
        self.tricks, self.early, self.raw = {}, {}, None
        self.over.set()

    def accept(self, sock: socket.socket) -> None:
        """Serve one connection with one request."""
        with suppress(OSError, ValueError, ssl.SSLError), sock:
            sock.settimeout(30)
            if self.raw:
                self.raw(Peer(self, sock, Request("", "", "", {}, {})))
                return
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            peer = self._peer(sock)
            self.asked.append(peer.request)
            trick = self.early.get(peer.request.phase)
            if trick is None:
                peer.request.body = self._body(peer)
                trick = self.tricks.get(peer.request.phase)
            (trick or Peer.well)(peer)
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
                sock.close()

    def answer(self, peer: Peer) -> None:
        """Answer as a WES does."""
        request = peer.request
        match request.phase:
            case "service-info":
                peer.reply(self.info)
            case "list":
                peer.reply({"runs": self.listed(request), "next_page_token": ""})
            case "submit":
                peer.reply({"run_id": self.take(request).run_id})
            case "download":
                self._file(peer)
            case "log":
                peer.reply(b"all is well", kind="text/plain")
            case phase if phase != "other" and request.run_id in self.runs:
                self._about(peer, phase)
            case _:
                peer.reply({"msg": "no such run", "status_code": 404}, 404)

    def take(self, request: Request) -> Run:
        """Start the run that a submission asks for."""
        fields, _ = _form(request.headers["content-type"], request.body)
        run = Run(str(uuid.uuid4()), json.loads(fields["tags"]))
        self.runs[run.run_id] = run
        return run

    def listed(self, request: Request) -> list[dict[str, Any]]:
        """The rows of the list, narrowed to a tag if asked for."""
        name, _, value = request.query.get("tags", [""])[0].partition(":")
        return [
            {"run_id": run.run_id, "state": run.state, "tags": run.tags}
            for run in self.runs.values()
            if not name or run.tags.get(name) == value
        ]

    def run_log(self, run: Run) -> dict[str, Any]:
        """What the server tells about a run in full."""
        run_id = quote(run.run_id, safe="")
        files = [
            {"file_name": name, "file_url": f"{self.base_url}/runs/{run_id}/files/{name}"}
            for name in run.files
        ]
        return {
            "run_id": run.run_id,
            "state": run.state,
            "request": {"tags": run.tags},
            "run_log": {"stdout": f"{self.base_url}/logs/out", "stderr": "", "exit_code": 0},
            "outputs": files,
        }

    def _about(self, peer: Peer, phase: str) -> None:
        run = peer.run()
        if phase == "status":
            peer.reply({"run_id": run.run_id, "state": run.state})
        elif phase == "cancel":
            run.cancels += 1
            run.state = "CANCELED"
            peer.reply({"run_id": run.run_id})
        else:
            peer.reply(self.run_log(run))

    def _file(self, peer: Peer) -> None:
        content = peer.run().files[peer.request.path.rpartition("/")[2]]
        wanted = peer.request.headers.get("range", "")
        start = int(wanted.removeprefix("bytes=").removesuffix("-") or 0)
        if start >= len(content):
            peer.reply(b"", 416, headers=f"Content-Range: bytes */{len(content)}\r\n")
            return
        peer.send(file_head(len(content), start), content[start:])

    def _peer(self, sock: socket.socket) -> Peer:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = sock.recv(65536)
            if not piece:
                raise ValueError
            data += piece
        head, _, rest = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        url = urlsplit(target)
        asked = Request(
            phase_of(method, url.path), method, url.path, parse_qs(url.query), headers, rest
        )
        return Peer(self, sock, asked)

    def _body(self, peer: Peer) -> bytes:
        body = peer.request.body
        while len(body) < int(peer.request.headers.get("content-length", 0)):
            piece = peer.sock.recv(65536)
            if not piece:
                raise ValueError
            body += piece
        return body


def file_head(size: int, start: int, *lines: str) -> bytes:
    """The head of an answer with a file, or with its part from `start` on."""
    rows = ["HTTP/1.1 206 Part" if start else "HTTP/1.1 200 OK", f"Content-Length: {size - start}"]
    if start:
        rows.append(f"Content-Range: bytes {start}-{size - 1}/{size}")
    return "\r\n".join([*rows, "Connection: close", *lines, "", ""]).encode()


def phase_of(method: str, path: str) -> str:
    """Which phase of a job's life a request belongs to."""
    match method, path.strip("/").split("/"):
        case "GET", ["service-info"]:
            return "service-info"
        case "GET", ["runs"]:
            return "list"
        case "POST", ["runs"]:
            return "submit"
        case "GET", ["runs", _, "status"]:
            return "status"
        case "POST", ["runs", _, "cancel"]:
            return "cancel"
        case "GET", ["runs", _, "files", _]:
            return "download"
        case "GET", ["logs", *_]:
            return "log"
        case "GET", ["runs", _]:
            return "run log"
    return "other"


@contextmanager
def hostile_wes(scheme: str = "http", tls: ssl.SSLContext | None = None) -> Iterator[HostileWes]:
    """Run the server for the length of the block."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    wes = HostileWes(port=listener.getsockname()[1], scheme=scheme, tls=tls)
    is_open = True

    def serve() -> None:
        while is_open:
            with suppress(OSError):
                sock, _ = listener.accept()
                threading.Thread(target=wes.accept, args=(sock,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield wes
    finally:
        is_open = False
        wes.over.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
