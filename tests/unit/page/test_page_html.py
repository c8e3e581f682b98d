"""The storyboard page as HTML: what strangers wrote is text in it and nothing else."""

import re
import unicodedata
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from cogvid_pipeline.model.attempt import Attempt, LockEntry, State
from cogvid_pipeline.model.shot import ImageFile, ImageUrl, Money
from cogvid_pipeline.page.html import page_html
from cogvid_pipeline.report.page import storyboard_page
from cogvid_pipeline.report.page_cards import Reel
from cogvid_pipeline.report.page_view import Film, Page
from cogvid_pipeline.report.public import public
from tests.boards import attempt, clip, locked, plan_for, shot, storyboard
from tests.hostile import HOSTILE

ELEMENTS = re.compile(
    "html|head|meta|title|link|script|body|a|header|p|h1|h2|h3|h4|svg|rect|form|input|div|button|span|main|ol|ul|li|article|figure|figcaption|img|dl|dt|dd|del|ins|details|summary|footer|kbd|dialog|strong|small"
)
ATTRIBUTES = re.compile(
    "lang|charset|http-equiv|content|name|rel|href|src|defer|class|id|type|role|hidden|placeholder|aria-label|aria-pressed|aria-hidden|aria-labelledby|autocomplete|spellcheck|tabindex|data-kind|data-tag|data-tags|data-clip|width|height|alt|loading|decoding|dir|viewbox|preserveaspectratio|x|y"
)
ADDRESS = re.compile(r"#shots|#shot-[a-z0-9._@-]+|(clips|posters)/[0-9a-f]{24}\.(mp4|jpg)|page\.(css|js)")
POLICY = (
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; script-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)


class Reader(HTMLParser):
    """Notes what a page consists of."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.comments: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def recorded(text: str, name: str = "changed", **fields: object) -> Attempt:
    """An attempt of which everything that a lock file says is the text."""
    made = attempt(shot(name, f"A {text} sleeps.", seed=text))
    told = {"provider": text, "task_id": text, "error": text, "url": f"https://e.example.com/?{text}"}
    return replace(made, **told, **fields)


def page_of(text: str, *, of_plan: bool = False) -> Page:
    """A page with the text wherever a manifest, a lock, a vendor or a probe can bring it."""
    pictures = (ImageUrl(text), ImageFile(text, "sha256:0", "image/png"))
    board = storyboard(
        replace(shot("new", f"A {text} plays.", seed=text), images=pictures, tags=(text,)),
        shot("changed", f"A {text} wakes."),
        shot("failed", text),
        replace(shot("takes", text), takes=2, pick=2),
    )
    board = replace(board, title=text)
    money = Money(Decimal(1), text)
    lock = locked(
        changed=LockEntry(result=recorded(text, cost=money), previous=recorded(f"{text}!")),
        failed=LockEntry(pending=recorded(text, "failed", state=State.FAILED, clip=None)),
        former=recorded(text, "former"),
    )
    plan = plan_for(board, lock)
    plan = replace(plan, actions=(replace(plan.actions[0], reason=text), *plan.actions[1:]), warnings=(text,))
    films = {"changed": Film(clip("now")), "former": Film(clip("gone"))}
    reel = Reel(films, {"changed": Film(clip("before"))}, {"changed": [text], "takes": [text]})
    return storyboard_page(board, lock, plan, reel, of_plan=of_plan)


@pytest.mark.parametrize("of_plan", [False, True], ids=["storyboard", "plan"])
@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_text_of_strangers_makes_no_element_no_attribute_and_no_address(text: str, of_plan: bool) -> None:
    reader = Reader(page_html(page_of(text, of_plan=of_plan)))

    assert [tag for tag, _ in reader.elements if not ELEMENTS.fullmatch(tag)] == []
    names = {name for _, attributes in reader.elements for name in attributes}
    assert [name for name in names if not ATTRIBUTES.fullmatch(name)] == []
    addresses = [each[name] for _, each in reader.elements for name in ("href", "src") if name in each]
    assert [address for address in addresses if not ADDRESS.fullmatch(address or "")] == []
    assert reader.comments == []
    assert [tag for tag, _ in reader.elements].count("script") == 1


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_nothing_on_the_page_is_invisible_or_turns_text_around(text: str) -> None:
    html = page_html(page_of(text))
    reader = Reader(html)

    everything = [html, reader.text, *(value or "" for _, each in reader.elements for value in each.values())]
    for part in everything:
        acting = [each for each in part if unicodedata.category(each) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]
        assert set(acting) <= {"\n"}


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_what_was_written_can_be_read(text: str) -> None:
    reader = Reader(page_html(page_of(text)))

    assert public(f"A {text} plays.") in reader.text
    assert reader.text.count(public(text)) > 10


def test_no_address_on_the_page_has_a_query() -> None:
    signed = "https://static.example.com/a.mp4?X-Amz-Signature=5eCret&X-Amz-Expires=600"

    html = page_html(page_of(signed))

    assert "5eCret" not in html
    assert "https://static.example.com/a.mp4?…" in html


def policies(html: str) -> list[str | None]:
    return [
        attributes["content"]
        for _, attributes in Reader(html).elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]


def test_the_policy_allows_nothing_but_what_lies_beside_the_page() -> None:
    assert policies(page_html(page_of("cat"))) == [POLICY]


def test_a_live_page_may_ask_its_server_and_nobody_else() -> None:
    html = page_html(page_of("cat"), live=True)

    assert policies(html) == [POLICY.replace("base-uri", "connect-src 'self'; base-uri")]
    assert '<script src="live.js" defer>' in html


def test_headings_lead_through_the_page_in_order() -> None:
    levels = [
        int(tag[1]) for tag, _ in Reader(page_html(page_of("cat"))).elements if re.fullmatch(r"h\d", tag)
    ]

    assert levels[:3] == [1, 2, 3]
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_a_story_without_shots_is_a_page_too() -> None:
    board = storyboard()

    html = page_html(storyboard_page(board, locked(), plan_for(board), Reel()))

    assert "<h1" in html
