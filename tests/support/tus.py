"""A small tus client, which can be as rude as a browser on a train."""

import base64
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

TUS = {"Tus-Resumable": "1.0.0"}


def encoded(metadata: Mapping[str, str]) -> str:
    return ",".join(
        f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items()
    )


def create(
    client: httpx.Client, dataset_ref: str, name: str, size: int, **headers: str
) -> httpx.Response:
    metadata = {"filename": name, "filetype": "application/gzip", "dataset": dataset_ref}
    return client.post(
        "/api/uploads/",
        headers={
            **TUS,
            "Upload-Length": str(size),
            "Upload-Metadata": encoded(metadata),
            **{key.replace("_", "-"): value for key, value in headers.items()},
        },
    )


def patch(client: httpx.Client, location: str, offset: int, content: bytes) -> httpx.Response:
    headers = {
        **TUS,
        "Upload-Offset": str(offset),
        "Content-Type": "application/offset+octet-stream",
    }
    return client.patch(location, content=content, headers=headers)


def offset(client: httpx.Client, location: str) -> int:
    response = client.head(location, headers=TUS)
    assert response.status_code == 200, response.status_code
    return int(response.headers["upload-offset"])


def send_part_and_wait(
    client: httpx.Client, location: str, start: int, size: int, part: bytes
) -> socket.socket:
    """Announce `size` bytes from `start` on, send only `part`, and leave the line open."""
    url = urlsplit(str(client.base_url))
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    head = (
        f"PATCH {location} HTTP/1.1\r\nHost: {url.netloc}\r\nCookie: {cookies}\r\n"
        "Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\n"
        f"Upload-Offset: {start}\r\nContent-Length: {size}\r\n\r\n"
    )
    line = socket.create_connection((url.hostname or "", url.port or 80))
    line.sendall(head.encode() + part)
    return line
