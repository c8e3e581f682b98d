"""Debian's Chromium, without a window, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent

# What the machine is spared, and what a container without a user of its own cannot do.
_OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser. Fails where there is none."""
    found = shutil.which("chromium")
    assert found, "there is no Chromium: `make chromium` installs it, or says what to install"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(_OPTIONS))
        yield browser
        browser.close()


def violations(page: Page) -> list[str]:
    """What axe has to say against a page as it is now."""
    axe = HERE / "node_modules" / "axe-core" / "axe.min.js"
    assert axe.is_file(), "axe is not installed: run `make browser`"
    page.evaluate(axe.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{each['id']}: {each['help']}: {each['nodes'][0]['html']}" for each in found["violations"]]
