"""The page of `cogvid preview --watch` in a real browser."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import chromium
from tests.project import PATIENCE, Project

CAT = "  cat: {prompt: A cat plays., size: 1280x720}\n"
DOG = "  dog: {prompt: A dog plays., size: 1280x720}\n"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.write(CAT + DOG)
    return project


@pytest.fixture
def watching(project: Project) -> Iterator[subprocess.Popen[str]]:
    process = project.start("preview", "--scale", "0.1", "--watch")
    yield process
    process.kill()
    process.communicate()


@pytest.fixture
def page(browser: Browser, watching: subprocess.Popen[str]) -> Iterator[Page]:
    """The page as it opens, in which nothing may go wrong until the command has ended."""
    assert watching.stdout is not None
    page = browser.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(watching.stdout.readline().strip())
    expect(page.locator(".prompt", has_text="A cat plays.")).to_be_visible(timeout=PATIENCE * 1000)
    yield page
    page.close()
    assert wrong == [] or watching.poll() is not None


def test_the_page_changes_by_itself_when_the_manifest_is_saved(project: Project, page: Page) -> None:
    project.write(CAT.replace("cat plays", "cat sleeps") + DOG)

    expect(page.locator(".prompt", has_text="A cat sleeps.")).to_be_visible(timeout=PATIENCE * 1000)
    expect(page.locator(".prompt", has_text="A cat plays.")).to_have_count(0)


def test_mistakes_lie_over_the_last_good_page_until_they_are_mended(project: Project, page: Page) -> None:
    notice = page.locator("#live[data-mood=wrong]")

    project.write(CAT.replace("prompt", "promt") + DOG)
    expect(notice).to_contain_text("cogvid.yaml:7:9: shots.cat.promt", timeout=PATIENCE * 1000)
    expect(notice).to_have_attribute("role", "alert")
    expect(page.locator(".prompt", has_text="A cat plays.")).to_be_visible()

    project.write(CAT + DOG)
    expect(notice).to_have_count(0, timeout=PATIENCE * 1000)


def test_words_of_a_manifest_are_no_markup_in_a_notice(project: Project, page: Page) -> None:
    project.write("  '<img src=x onerror=alert(1)>': {prompt: x}\n")

    expect(page.locator("#live")).to_contain_text("<img src=x", timeout=PATIENCE * 1000)
    expect(page.locator("#live img")).to_have_count(0)


def test_a_preview_plays_and_can_be_sought_in(page: Page) -> None:
    clip = page.locator("[data-clip]").first.get_attribute("data-clip")

    at = page.evaluate(
        """async (clip) => {
            const video = Object.assign(document.createElement("video"), { src: clip, muted: true });
            await new Promise((resolve) => (video.onloadedmetadata = resolve));
            video.currentTime = 4;
            await new Promise((resolve) => (video.onseeked = resolve));
            return video.currentTime;
        }""",
        clip,
    )

    assert at == 4


def test_the_page_says_that_the_command_has_ended(page: Page, watching: subprocess.Popen[str]) -> None:
    watching.terminate()
    watching.wait(PATIENCE)

    expect(page.locator("#live")).to_contain_text("cogvid preview has ended", timeout=PATIENCE * 1000)
