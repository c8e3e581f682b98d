"""A plan as a comment on a pull request."""

from dataclasses import replace
from decimal import Decimal

import pytest

from cogvid_pipeline.model.attempt import LockEntry, State
from cogvid_pipeline.model.plan import Plan
from cogvid_pipeline.model.shot import ImageUrl, Money, Shot
from cogvid_pipeline.report.plan_markdown import plan_markdown
from tests.boards import attempt, locked, plan_for, shot, storyboard
from tests.hostile import acts_in_markdown

MARKER = "<!-- cogvid-plan test -->\n"


def test_summary_and_cost_come_first_then_what_changes_then_what_does_not() -> None:
    changed, new = (
        shot("walk", "The fox runs on."),
        shot("owl", "An owl.", after="cat", fps=60, with_audio=True),
    )
    kept, lost = shot("cat"), shot("lost", "Lost.")
    lock = locked(
        walk=attempt(shot("walk", "The fox walks on.", duration=10)),
        cat=attempt(kept),
        lost=attempt(lost),
        former=attempt(shot("former", "Gone.")),
    )
    board = storyboard(changed, new, kept, lost, budget=Money(Decimal(20), "CNY"))

    assert plan_markdown(plan_for(board, lock, missing=("lost",))) == (
        MARKER + "\n"
        "### Plan for <code>test</code>\n"
        "\n"
        "**Plan: 1 to generate, 1 to regenerate, 1 to fetch, 1 to forget, 1 unchanged. Cost: 2.00 CNY at "
        "geekai. Budget: 4.00 of 20.00 CNY, 2.00 of it for what is there.**\n"
        "\n"
        "<code>walk</code> **regenerate** · <code>1.00 CNY</code>\n"
        "\n"
        "<pre>duration, prompt changed\n"
        "duration: <del>10</del> <ins>(not set)</ins>\n"
        "prompt: The fox <del>walks</del><ins>runs</ins> on.</pre>\n"
        "\n"
        "<code>owl</code> **generate** · <code>1.00 CNY</code>\n"
        "\n"
        "<pre>new\n"
        'prompt: "An owl."\n'
        "image: the last frame of cat\n"
        "fps: 60\n"
        "with_audio: true</pre>\n"
        "\n"
        "<code>former</code> **forget**\n"
        "\n"
        "<pre>no shot of the manifest stands for it</pre>\n"
        "\n"
        "<details><summary>Unchanged: 2 shots</summary>\n"
        "\n"
        "<code>cat</code>, <code>lost</code> fetch\n"
        "\n"
        "</details>\n"
    )


def test_a_plan_with_nothing_to_do_is_short() -> None:
    cat = shot("cat")

    assert plan_markdown(plan_for(storyboard(cat), locked(cat=attempt(cat)))) == (
        MARKER + "\n"
        "### Plan for <code>test</code>\n"
        "\n"
        "**Nothing to do: 1 up to date.**\n"
        "\n"
        "<details><summary>Unchanged: 1 shot</summary>\n"
        "\n"
        "<code>cat</code>\n"
        "\n"
        "</details>\n"
    )


def test_warnings_come_before_the_shots() -> None:
    plan = replace(plan_for(storyboard(shot("cat"))), warnings=("mind the <gap>",))

    assert "\n- ⚠️ <code>mind the &#60;gap&#62;</code>\n\n<code>cat</code> **generate**" in plan_markdown(plan)


def test_a_frozen_shot_that_is_stale_is_shown() -> None:
    frozen = replace(shot("cat", "A lion plays."), freeze=True)

    text = plan_markdown(plan_for(storyboard(frozen), locked(cat=attempt(shot("cat")))))

    assert "<code>cat</code> **keep**" in text
    assert "frozen and stale" in text
    assert "A <del>cat</del><ins>lion</ins> plays." in text


def test_each_environment_has_a_comment_of_its_own() -> None:
    text = plan_markdown(plan_for(storyboard(shot("cat"), environment="final")))

    assert text.startswith(
        "<!-- cogvid-plan test final -->\n\n### Plan for <code>test</code>, <code>final</code>\n"
    )


def test_a_prompt_that_became_another_one_is_shown_whole_twice() -> None:
    lock = locked(cat=attempt(shot("cat", "Snow falls.")))

    text = plan_markdown(plan_for(storyboard(shot("cat")), lock))

    assert 'prompt: <del>"Snow falls."</del> <ins>"A cat plays."</ins>' in text


def test_the_first_line_is_the_same_for_each_plan_of_a_project() -> None:
    plans = [plan_for(storyboard()), plan_for(storyboard(shot("cat"))), plan_for(storyboard(), select=())]

    assert {plan_markdown(plan).partition("\n")[0] for plan in plans} == {MARKER.strip()}


# --- however large it is ------------------------------------------------------------------------------


def length(text: str) -> int:
    """How long a host may find it that counts characters beyond U+FFFF twice."""
    return len(text.encode("utf-16-le")) // 2


def many_new() -> Plan:
    return plan_for(
        storyboard(*(shot(f"shot-{place}", f"{place}. {'很长的提示词！' * 70}") for place in range(10_000)))
    )


def many_changed() -> Plan:
    shots = [shot(f"s{place}", f"The fox runs {place}. 🦊 {'rain & wind; ' * 30}") for place in range(3_000)]
    entries = {
        each.name: attempt(replace(each, prompt=each.prompt.replace("runs", "walks"))) for each in shots
    }
    return plan_for(storyboard(*shots), locked(**entries))


def many_kept() -> Plan:
    shots = [shot(f"{'long-name-' * 6}{place}", f"Shot {place}.") for place in range(5_000)]
    return plan_for(storyboard(*shots), locked(**{each.name: attempt(each) for each in shots}))


def many_warnings() -> Plan:
    return replace(plan_for(storyboard(shot("cat"))), warnings=tuple(f"<{'!' * 50}>" for _ in range(1_000)))


def monstrous_lock() -> Plan:
    """A pull request can write anything into the lock."""
    fields = {f"field-{place}": "<" * 5_000 for place in range(100)}
    before = attempt(shot("cat", "&" * 200_000, **fields))
    held = attempt(shot("held"), State.HELD, error="#" * 100_000)
    return plan_for(
        storyboard(shot("cat", "A dog."), shot("held"), shot("owl", "An owl.")),
        locked(cat=before, held=LockEntry(pending=held)),
    )


@pytest.mark.parametrize("make", [many_new, many_changed, many_kept, many_warnings, monstrous_lock])
def test_a_comment_stays_below_what_github_takes(make) -> None:
    text = plan_markdown(make())

    assert length(text) < 65_000
    assert text.startswith(MARKER)
    assert acts_in_markdown(text) == []


def test_what_has_no_room_is_named_and_then_counted() -> None:
    text = plan_markdown(many_new())

    assert "<code>shot-3</code> **generate**" in text
    assert "<details><summary>More changes: 9" in text
    assert "more shots\n" in text
    assert "**Plan: 10000 to generate. Cost: 10000.00 CNY at geekai.**" in text


def test_a_shot_that_is_too_large_to_show_leaves_room_for_those_after_it() -> None:
    text = plan_markdown(monstrous_lock())

    assert "<code>owl</code> **generate**" in text
    assert "<summary>More changes: 1 shot</summary>\n\n<code>cat</code> regenerate" in text


def test_a_shot_with_many_changes_shows_the_first_of_them() -> None:
    before = attempt(shot("cat", **{f"field-{place:02}": place for place in range(30)}))

    text = plan_markdown(plan_for(storyboard(shot("cat")), locked(cat=before)))

    assert "field-19: <del>19</del> <ins>(not set)</ins>\nand 10 more fields</pre>" in text


def test_an_image_by_its_address_is_shown_as_it_is_written() -> None:
    link: Shot = replace(shot("cat"), images=(ImageUrl("https://example.com/a.png"),))

    assert "image: https&#58;&#47;&#47;example&#46;com&#47;a&#46;png" in plan_markdown(
        plan_for(storyboard(link))
    )
