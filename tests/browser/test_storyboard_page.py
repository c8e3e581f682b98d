"""The storyboard page in a real browser, opened from the disk."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from cogvid_pipeline.cli.storyboard_page import build_page
from cogvid_pipeline.media.poster import write_poster
from cogvid_pipeline.model.attempt import LockEntry, State
from cogvid_pipeline.model.plan import PlanOptions
from cogvid_pipeline.page.site import Site
from cogvid_pipeline.report.page import storyboard_page
from cogvid_pipeline.report.page_cards import Reel
from cogvid_pipeline.store.reflink import copy_file
from tests.boards import attempt, locked, plan_for, shot, storyboard
from tests.browser.chromium import chromium, violations
from tests.browser.film import Rushes, make_film, name_of
from tests.hostile import MARKDOWN

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
REGENERATED, WITH_TAKES, FAILED = name_of(1), name_of(5), name_of(8)


@dataclass
class Opened:
    """A page, and what it asked for: the folders of its requests, and what went wrong."""

    page: Page
    asked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def shot(self, name: str) -> Any:
        return self.page.locator(f"[id='shot-{name}']")

    def videos(self) -> int:
        return self.page.locator("video").count()

    def shown(self) -> list[str]:
        return self.page.locator("main .cell:visible h3").all_text_contents()

    def focused(self) -> str:
        found: str = self.page.evaluate("document.activeElement.closest('.shot')?.id ?? ''")
        return found.removeprefix("shot-")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def dozen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return site_of(tmp_path_factory.mktemp("dozen"), 13, Rushes(scenes=6))


@pytest.fixture
def opened(browser: Browser, dozen: Path) -> Iterator[Opened]:
    with_page = open_page(browser, dozen)
    yield with_page
    assert with_page.wrong == []
    with_page.page.context.close()


def site_of(root: Path, shots: int, rushes: Rushes, *, of_plan: bool = False) -> Path:
    project = make_film(root, shots, rushes)
    with project.read_ledger() as ledger:
        plan = project.plan(ledger, PlanOptions())
    return build_page(project, plan, root / "site", of_plan=of_plan)


def open_page(browser: Browser, index: Path, **options: Any) -> Opened:
    page = browser.new_context(**{"viewport": DESK, **options}).new_page()
    opened = Opened(page)
    page.on("request", lambda request: opened.asked.append(Path(request.url).parent.name))
    page.on("pageerror", lambda error: opened.wrong.append(str(error)))
    page.on("console", lambda message: opened.wrong.append(message.text))
    page.goto(index.as_uri())
    return opened


# --- what is loaded -------------------------------------------------------------------------------------


def test_opening_five_hundred_shots_loads_no_clip_and_only_the_posters_near_the_top(
    browser: Browser, tmp_path: Path
) -> None:
    index = site_of(tmp_path, 500, Rushes(scenes=2, size=(64, 36), frames=6))

    opened = open_page(browser, index)
    opened.page.wait_for_load_state("networkidle")

    assert opened.page.locator("main article").count() == 500
    assert len(list((index.parent / "posters").iterdir())) > 300
    assert 0 < opened.asked.count("posters") < 60
    assert opened.asked.count("clips") == 0
    opened.page.keyboard.press("End")
    last = opened.page.locator("main .frame img").last
    expect(last).to_be_in_viewport()
    opened.page.wait_for_function("() => document.images[document.images.length - 1].complete")
    assert opened.asked.count("posters") < 200
    assert opened.wrong == []


def test_nothing_is_asked_of_any_other_place(browser: Browser, dozen: Path) -> None:
    opened = open_page(browser, dozen)
    addresses: list[str] = []
    opened.page.on("request", lambda request: addresses.append(request.url))

    opened.page.reload()
    opened.page.keyboard.press("j")
    opened.page.keyboard.press(" ")
    opened.page.wait_for_selector(".playing")

    assert addresses
    assert all(address.startswith(dozen.parent.as_uri()) for address in addresses)


@pytest.mark.parametrize("text", MARKDOWN, ids=ascii)
def test_what_strangers_wrote_is_text_in_the_browser_too(browser: Browser, tmp_path: Path, text: str) -> None:
    board = storyboard(replace(shot("cat", f"A {text} plays.", seed=text), tags=(text,)))
    lock = locked(cat=LockEntry(pending=attempt(shot("cat", text), State.FAILED, error=text, task_id=text)))
    page = storyboard_page(board, lock, plan_for(board, lock), Reel())
    index = Site(tmp_path / "site", copy=copy_file, poster=write_poster).write(page)

    opened = open_page(browser, index)

    assert opened.wrong == []
    assert opened.page.locator("main img, main script, main iframe").count() == 0
    assert f"A {text} plays." in opened.page.locator(".prompt").inner_text()
    opened.page.get_by_role("searchbox").fill(text.split(maxsplit=1)[0])
    assert opened.shown() == ["cat"]
    opened.page.context.close()


# --- clips ----------------------------------------------------------------------------------------------


def test_a_clip_plays_while_the_pointer_is_on_it(opened: Opened) -> None:
    opened.shot(name_of(0)).locator(".frame").hover()

    opened.page.wait_for_selector(f"[id='shot-{name_of(0)}'] .frame.playing")
    opened.page.wait_for_function("() => document.querySelector('video').currentTime > 0")
    opened.page.mouse.move(0, 0)
    expect(opened.page.locator("video")).to_have_count(0)


def test_who_wants_less_motion_gets_none_by_pointing(browser: Browser, dozen: Path) -> None:
    opened = open_page(browser, dozen, reduced_motion="reduce")

    opened.page.clock.install()
    opened.shot(name_of(0)).locator(".frame").hover()
    opened.page.clock.run_for(10_000)

    assert opened.videos() == 0
    opened.page.keyboard.press("j")
    opened.page.keyboard.press(" ")
    opened.page.wait_for_selector(".playing")


def test_before_and_after_have_one_scrubber(opened: Opened) -> None:
    shot = opened.shot(REGENERATED)
    shot.get_by_text("Before and after").click()
    opened.page.wait_for_function(
        "() => [...document.querySelectorAll('video')].filter((video) => video.readyState > 1).length === 2"
    )

    shot.get_by_label("Place in both clips").evaluate(
        "(range) => { range.value = 0.5; range.dispatchEvent(new Event('input', {bubbles: true})); }"
    )

    times = "[...document.querySelectorAll('video')].map((video) => video.currentTime)"
    assert opened.page.evaluate(times) == [0.5, 0.5]
    assert shot.locator("output").inner_text() == "0.5 s"
    shot.get_by_role("button", name="Play").click()
    opened.page.wait_for_function(f"() => Math.min(...{times}) > 0.9")
    expect(shot.get_by_role("button", name="Play")).to_be_visible()  # both have come to their end


def test_a_prompt_that_was_changed_is_compared_word_by_word(opened: Opened) -> None:
    shot = opened.shot(REGENERATED)
    shot.get_by_text("Before and after").click()

    assert shot.locator("del").first.inner_text().startswith("At dusk")
    assert shot.locator("ins").all_inner_texts() == ['"speed"']


def test_takes_stand_side_by_side_with_the_picked_one_marked(opened: Opened) -> None:
    opened.shot(WITH_TAKES).locator(".frame").first.click()

    boxes = [take.bounding_box() for take in opened.page.locator("dialog .take").all()]
    assert len({box["y"] for box in boxes if box}) == 1
    assert [round(box["width"]) for box in boxes if box] == [round(boxes[0]["width"])] * 3  # type: ignore[index]
    assert opened.page.locator("dialog .picked figcaption").inner_text().split() == ["Take", "2", "picked"]


# --- keys -----------------------------------------------------------------------------------------------


def test_keys_lead_from_shot_to_shot(opened: Opened) -> None:
    press = opened.page.keyboard.press

    press("j")
    assert opened.focused() == name_of(0)
    press("j")
    press("ArrowRight")
    assert opened.focused() == name_of(2)
    press("k")
    assert opened.focused() == name_of(1)
    press("ArrowDown")
    assert opened.focused() == name_of(4)  # three in a row
    press("ArrowUp")
    assert opened.focused() == name_of(1)


def test_enter_looks_closer_and_escape_comes_back_to_the_shot(opened: Opened) -> None:
    press = opened.page.keyboard.press
    press("j")
    press("Enter")
    dialog = opened.page.get_by_role("dialog", name=name_of(0))
    expect(dialog.locator("video")).to_have_count(1)

    press("j")
    expect(opened.page.get_by_role("dialog", name=REGENERATED)).to_be_visible()
    press("Escape")

    assert opened.videos() == 0
    assert opened.focused() == REGENERATED


def test_the_first_tab_offers_to_skip_to_the_shots(opened: Opened) -> None:
    opened.page.keyboard.press("Tab")
    expect(opened.page.get_by_text("Skip to the shots")).to_be_in_viewport()
    opened.page.keyboard.press("Enter")

    assert opened.page.evaluate("document.activeElement.id") == "shots"


# --- search and filters -----------------------------------------------------------------------------------


def test_search_finds_shots_by_all_words_of_it(opened: Opened) -> None:
    opened.page.keyboard.press("/")
    opened.page.keyboard.type("FOX rain")

    assert opened.shown() == [name_of(2), name_of(7), name_of(12)]
    assert opened.page.get_by_role("status").inner_text() == "3 of 13 shots"
    opened.page.keyboard.press("Escape")
    assert len(opened.shown()) == 13


def test_filters_narrow_down_by_status_and_by_tag(opened: Opened) -> None:
    chips = opened.page.locator(".bench")

    chips.get_by_role("button", name="Failed").click()
    assert opened.shown() == [FAILED]
    chips.get_by_role("button", name="Held").click()
    assert opened.shown() == [FAILED, name_of(9)]
    chips.get_by_role("button", name="hero").click()
    assert opened.shown() == []
    chips.get_by_role("button", name="Failed").click()
    chips.get_by_role("button", name="Held").click()
    assert opened.shown() == [name_of(2), name_of(7), name_of(12)]


# --- for everybody ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_violation(browser: Browser, dozen: Path, theme: str) -> None:
    opened = open_page(browser, dozen, color_scheme=theme, viewport={"width": 1280, "height": 4000})
    assert violations(opened.page) == []

    for details in opened.page.locator("details").all():
        details.locator("summary").click()
    assert violations(opened.page) == []
    opened.shot(WITH_TAKES).locator("h3 a").click()
    assert violations(opened.page) == []
    opened.page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_violation_in_a_plan(browser: Browser, tmp_path: Path, theme: str) -> None:
    index = site_of(tmp_path, 12, Rushes(scenes=2, size=(64, 36), frames=6), of_plan=True)
    opened = open_page(browser, index, color_scheme=theme, viewport={"width": 1280, "height": 4000})

    assert violations(opened.page) == []
    assert opened.page.locator("h1").inner_text() == "The high valley"
    assert "to generate" in opened.page.locator(".headline").inner_text()
    opened.page.context.close()


def test_a_phone_shows_it_without_scrolling_sideways(browser: Browser, dozen: Path) -> None:
    opened = open_page(browser, dozen, viewport=PHONE, has_touch=True, is_mobile=True)

    assert opened.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    opened.shot(REGENERATED).locator(".frame").first.tap()
    dialog = opened.page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert dialog.evaluate("(it) => it.scrollWidth <= it.clientWidth")
    opened.page.context.close()


def test_the_theme_is_chosen_on_the_page_and_remembered(opened: Opened) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light = opened.page.evaluate(ground)
    button = opened.page.get_by_role("button", name="Theme")

    button.click()
    assert (button.inner_text(), opened.page.evaluate(ground)) == ("Theme: light", light)
    button.click()
    assert button.inner_text() == "Theme: dark"
    assert opened.page.evaluate(ground) != light
    opened.page.reload()
    assert button.inner_text() == "Theme: dark"


def test_without_scripts_it_can_be_read_and_clips_are_links(browser: Browser, dozen: Path) -> None:
    opened = open_page(browser, dozen, java_script_enabled=False)

    expect(opened.page.locator(".bench")).to_be_hidden()
    expect(opened.page.get_by_role("link", name=f"Frame of {name_of(0)}")).to_have_attribute(
        "href", opened.page.locator(".frame").first.get_attribute("data-clip") or ""
    )
    assert len(opened.shown()) == 13


def test_on_paper_there_are_posters_and_prompts_and_nothing_to_click(browser: Browser, dozen: Path) -> None:
    opened = open_page(browser, dozen, color_scheme="dark")
    opened.page.emulate_media(media="print")

    expect(opened.page.locator(".bench")).to_be_hidden()
    expect(opened.page.get_by_role("button", name="Theme")).to_be_hidden()
    expect(opened.page.locator("summary").first).to_be_hidden()
    expect(opened.shot(name_of(0)).locator("img")).to_be_visible()
    expect(opened.shot(name_of(0)).locator(".prompt")).to_be_visible()
    assert opened.page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(29, 28, 26)"
