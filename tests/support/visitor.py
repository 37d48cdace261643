"""A person at a real browser, who notes everything that a developer's console would complain of.

rosa = arrive(browser, url)
rosa.open("/jobs")
expect(rosa.page.get_by_role("heading", name="Jobs")).to_be_visible()
rosa.leave(traces=folder if something_failed else None)
assert not rosa.problems
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    expect,
)

# A loaded machine with two cores is slow, but it gets there.
PATIENCE_MS = 45_000
# What the browser itself stops, because the person goes elsewhere or a download begins.
STOPPED_BY_BROWSER = "net::ERR_ABORTED"
SOCKET_STOPPED_BY_BROWSER = "WebSocket is closed before the connection is established"

expect.set_options(timeout=PATIENCE_MS)


@dataclass(frozen=True)
class Platform:
    """The platform's address, and the link that makes its first administrator."""

    url: str
    setup_link: str


@dataclass
class Visitor:
    """A browser of one person, with cookies of its own, and what went wrong in it.

    A test that provokes a refusal adds a part of the complaint to `expected`.
    """

    context: BrowserContext
    page: Page
    url: str
    noted: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """What went wrong, apart from what is expected to."""
        return [one for one in self.noted if not any(expected in one for expected in self.expected)]

    def open(self, path: str) -> None:
        """Go to a page as by its address, and wait for its title."""
        self.page.goto(path)
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()

    def settle(self) -> None:
        """Wait until the page shows what it has read."""
        expect(self.page.locator("[aria-busy=true]")).to_have_count(0)

    def follow(self, link: str) -> None:
        """Choose a page in the sidebar, and wait for its title."""
        self.page.get_by_role("navigation", name="Main").get_by_role(
            "link", name=link, exact=True
        ).first.click()
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()

    def sign_in(self, cookies: Mapping[str, str]) -> None:
        """Take over a session that was opened elsewhere."""
        self.context.add_cookies(
            [{"name": name, "value": value, "url": self.url} for name, value in cookies.items()]
        )

    def leave(self, *, traces: Path | None) -> None:
        """Close the browser; keep a picture and a trace (`playwright show-trace`) if asked to."""
        if traces:
            number = len(list(traces.glob("*.png"))) + 1
            self.page.screenshot(path=traces / f"{number}.png")
            self.context.tracing.stop(path=traces / f"{number}.zip")
        self.context.close()

    def watch(self) -> None:
        """Note what the console, the network and the page's scripts complain of."""
        self.context.on("console", self._on_console)
        self.context.on("weberror", lambda error: self.noted.append(f"script: {error.error}"))
        self.context.on("request", lambda request: self._on_address(request.url))
        self.context.on("requestfailed", self._on_failure)
        self.context.on("response", self._on_response)
        self.page.on("websocket", lambda socket: self._on_address(socket.url))

    def _on_console(self, message: ConsoleMessage) -> None:
        is_complaint = message.type in ("error", "warning", "assert")
        if is_complaint and SOCKET_STOPPED_BY_BROWSER not in message.text:
            self.noted.append(f"console {message.type}: {message.text} ({self.page.url})")

    def _on_address(self, address: str) -> None:
        parts = urlsplit(address)
        is_ours = parts.netloc == urlsplit(self.url).netloc
        if parts.scheme in ("http", "https", "ws", "wss") and not is_ours:
            self.noted.append(f"a foreign host was asked: {address}")

    def _on_failure(self, request: Request) -> None:
        if request.failure != STOPPED_BY_BROWSER:
            self.noted.append(f"request failed: {request.url}: {request.failure}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.noted.append(f"{response.status} for {response.url}")


Meet = Callable[..., Visitor]


def arrive(browser: Browser, url: str, **options: Any) -> Visitor:
    """Open a browser of its own for one person."""
    size = {"width": 1440, "height": 900}
    context = browser.new_context(
        **({"base_url": url, "viewport": size, "reduced_motion": "reduce"} | options)
    )
    context.set_default_timeout(PATIENCE_MS)
    context.tracing.start(snapshots=True)
    person = Visitor(context, context.new_page(), url)
    person.watch()
    return person
