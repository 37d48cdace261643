"""What a page does to people who use a keyboard, a screen reader, a phone or the dark theme."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS = (1440, 390)
THEMES = ("light", "dark")

# Colours that are still on their way from one theme to the other have no contrast.
TRANSITIONS_END = """async () => {
  await new Promise(requestAnimationFrame);
  const running = document.getAnimations().filter((one) => one instanceof CSSTransition);
  await Promise.allSettled(running.map((one) => one.finished));
}"""


def faults(page: Page) -> str:
    """Say what is wrong with the page as it stands, in both themes and on both screens."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.scrollingElement.scrollWidth > innerWidth"):
            found.append(f"{width}: the whole page scrolls sideways")
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            page.locator(f"html.{theme}").wait_for()
            page.evaluate(TRANSITIONS_END)
            found += [f"{theme}, {width}: {fault}" for fault in violations(page)]
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    page.emulate_media(color_scheme=THEMES[0])
    return "\n".join(found)


def violations(page: Page) -> list[str]:
    """Find what axe complains of in the page as it stands."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    result: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES
    )
    return [
        f"{violation['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]
