"""A proxy before an HTTP server that writes down what is asked, and cuts answers short."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

BLOCK = 65536


class CuttingProxy:
    """`asked` holds the head of each request; the next answers stop after so many bytes each."""

    def __init__(self, upstream_port: int) -> None:
        self.asked: list[str] = []
        self.cut_after: list[int] = []
        self._upstream = upstream_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def run(self) -> None:
        """Serve one connection after the other until it is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with client, suppress(OSError):
                    self._pass_on(client)

    def close(self) -> None:
        """Listen no more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _pass_on(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            block = client.recv(BLOCK)
            if not block:
                return
            head += block
        self.asked.append(head.decode())
        limit = self.cut_after.pop(0) if self.cut_after else None
        with socket.create_connection(("127.0.0.1", self._upstream)) as server:
            server.sendall(head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            passed = 0
            while (block := server.recv(BLOCK)) and (limit is None or passed < limit):
                client.sendall(block if limit is None else block[: limit - passed])
                passed += len(block)


@contextmanager
def cutting_proxy(upstream_port: int) -> Iterator[CuttingProxy]:
    """A proxy that is there while the block runs."""
    proxy = CuttingProxy(upstream_port)
    thread = threading.Thread(target=proxy.run, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()
