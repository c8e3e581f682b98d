"""A plan as people read it."""

from dataclasses import replace
from decimal import Decimal

from cogvid_pipeline.model.attempt import LockEntry, State
from cogvid_pipeline.model.plan import Plan
from cogvid_pipeline.model.shot import Money, ShotFrame
from cogvid_pipeline.report.paint import ansi
from cogvid_pipeline.report.plan_text import plan_text, summary_line
from tests.boards import attempt, clip, locked, plan_for, shot, storyboard

DOLLARS = Money(Decimal("0.2"), "USD")


def plan_with_every_action() -> Plan:
    changed, follower = shot("changed", "A lion plays."), shot("follower", "It naps.", after="changed")
    kept, lost, again = shot("kept", "Kept."), shot("lost", "Lost."), shot("again", "Again.")
    renamed, twin, held = shot("renamed", "Renamed."), shot("twin", "Again."), shot("held", "Held.")
    lock = locked(
        changed=attempt(shot("changed")),
        kept=attempt(kept),
        lost=attempt(lost),
        former=attempt(renamed),
        again=LockEntry(pending=attempt(again, State.ACCEPTED)),
        held=LockEntry(pending=attempt(held, State.HELD, error="the answer was lost")),
    )
    board = storyboard(changed, follower, kept, lost, renamed, again, twin, held)
    return plan_for(board, lock, missing=("lost",))


def test_each_action_has_a_line_with_its_reason_and_price_and_kept_shots_have_none() -> None:
    assert plan_text(plan_with_every_action()) == (
        "  ~ changed   regenerate  prompt changed  [1.00 CNY]\n"
        '        prompt: "A [-cat-]{+lion+} plays."\n'
        "  + follower  generate    new; its frame of 'changed' is known after apply  [1.00 CNY]\n"
        "  < lost      fetch       its file is missing or was changed\n"
        "  = renamed   reuse       the same request as 'former', which is in the lock\n"
        "  > again     resume      submitted before, not finished\n"
        "  > twin      resume      submitted before, not finished\n"
        "  ? held      hold        the answer was lost\n"
        "  - former    forget      no shot of the manifest stands for it\n"
        "\n"
        "Plan: 1 to generate, 1 to regenerate, 2 to resume, 1 to reuse, 1 to fetch, 1 held, 1 to forget, "
        "1 unchanged. Cost: 2.00 CNY at geekai.\n"
    )


def test_a_plan_without_anything_to_do_is_one_line() -> None:
    walk = shot("walk")

    assert plan_text(plan_for(storyboard(walk), locked(walk=attempt(walk)))) == (
        "Nothing to do: 1 up to date.\n"
    )


def test_values_of_every_kind_are_shown_as_they_are_written() -> None:
    old = shot("walk", "A fox.", with_audio=True, fps=60, size="1920x1080")
    new = shot("walk", "A fox.", with_audio=False, duration=10)

    assert plan_text(plan_for(storyboard(new), locked(walk=attempt(old)))) == (
        "  ~ walk  regenerate  duration, fps, size, with_audio changed  [1.00 CNY]\n"
        "        duration: (not set) → 10\n"
        "        fps: 60 → (not set)\n"
        '        size: "1920x1080" → (not set)\n'
        "        with_audio: true → (not set)\n"
        "\n"
        "Plan: 1 to regenerate. Cost: 1.00 CNY at geekai.\n"
    )


def test_yes_and_no_are_written_as_in_yaml() -> None:
    old, new = shot("walk", watermark=False), shot("walk", watermark=True)

    text = plan_text(plan_for(storyboard(new), locked(walk=attempt(old))))

    assert "        watermark: false → true\n" in text


def test_a_prompt_that_has_become_another_one_stands_below_it() -> None:
    old, new = shot("walk", "The fox walks into the night market."), shot("walk", "A lantern sways.")

    text = plan_text(plan_for(storyboard(new), locked(walk=attempt(old))))

    assert text.splitlines()[1:3] == [
        '        prompt: "The fox walks into the night market."',
        '              → "A lantern sways."',
    ]


def test_a_changed_prompt_is_compared_word_by_word_and_cut_to_what_is_beside_the_change() -> None:
    style = (
        "35mm, shallow depth of field, neon light, rain on the lens, seen from the other side of the street"
    )
    old, new = (shot("walk", f"The fox {does} on. {style}") for does in ("walks", "runs"))

    text = plan_text(plan_for(storyboard(new), locked(walk=attempt(old))))

    assert text.splitlines()[1] == (
        '        prompt: "The fox [-walks-]{+runs+} on. 35mm, shallow depth of field, neon…"'
    )


def test_on_a_terminal_what_is_added_and_removed_has_a_colour() -> None:
    cat, owl = shot("cat", "A lion plays."), shot("owl", "An owl.")

    text = plan_text(plan_for(storyboard(cat, owl), locked(cat=attempt(shot("cat")))), ansi)

    assert text.splitlines()[:3] == [
        "  \x1b[33m~ cat\x1b[0m  regenerate  prompt changed  [1.00 CNY]",
        '        prompt: "A \x1b[31m[-cat-]\x1b[0m\x1b[32m{+lion+}\x1b[0m plays."',
        "  \x1b[32m+ owl\x1b[0m  generate    new  [1.00 CNY]",
    ]
    assert text.endswith("\x1b[1mPlan: 1 to generate, 1 to regenerate. Cost: 2.00 CNY at geekai.\x1b[0m\n")


def test_a_plan_says_how_much_of_the_budget_it_uses() -> None:
    owl, budget = shot("owl", "An owl."), Money(Decimal(20), "CNY")
    board = storyboard(shot("cat"), owl, budget=budget)

    assert summary_line(plan_for(board, locked(cat=attempt(shot("cat"))))).endswith(
        "Cost: 1.00 CNY at geekai. Budget: 2.00 of 20.00 CNY, 1.00 of it for what is there."
    )
    assert summary_line(plan_for(storyboard(owl, budget=budget))).endswith(
        "Cost: 1.00 CNY at geekai. Budget: 1.00 of 20.00 CNY."
    )


def test_a_budget_in_another_currency_is_not_counted_with() -> None:
    board = storyboard(shot("cat"), budget=Money(Decimal(20), "USD"))

    assert summary_line(plan_for(board)).endswith("Cost: 1.00 CNY at geekai.")


def test_a_plan_of_which_nothing_is_selected_says_so() -> None:
    assert plan_text(plan_for(storyboard(shot("cat")), select=("state:failed",))) == (
        "Nothing is selected, so there is nothing to do.\n"
    )


def test_no_text_of_a_change_can_steer_the_terminal() -> None:
    cat = shot("cat", "A \x1b[31mlion plays.")
    lock = locked(cat=attempt(shot("cat", "A \x1b[2Jcat plays.", **{"\x1b[1m": "x\x1b"})))

    assert "\x1b" not in plan_text(plan_for(storyboard(cat), lock))


def test_an_image_that_is_made_later_is_known_after_apply_and_the_one_before_named_in_short() -> None:
    cat, nap = shot("cat", "A lion plays."), shot("nap", "It naps.", after="cat")
    lock = locked(cat=attempt(shot("cat")), nap=attempt(nap, after=clip("cat")))

    text = plan_text(plan_for(storyboard(cat, nap), lock))

    assert "  ~ nap  regenerate  its frame of 'cat' is known after apply  [1.00 CNY]\n" in text
    assert f'        image.0: "frame:sha256:{clip("cat").sha256[:12]}…:last"\n' in text
    assert text.splitlines()[4] == "               → (known after apply)"


def test_wide_names_and_strange_text_keep_the_columns_and_the_terminal() -> None:
    board = storyboard(shot("a"), shot("long-name", "B."))
    plan = plan_for(board)
    strange = replace(plan.actions[0], reason="new\x1b[2J")

    text = plan_text(replace(plan, actions=(strange, plan.actions[1]), warnings=("look\nhere",)))

    assert text == (
        "  + a          generate    new\\x1b[2J  [1.00 CNY]\n"
        "  + long-name  generate    new  [1.00 CNY]\n"
        "warning: look\\nhere\n"
        "\n"
        "Plan: 2 to generate. Cost: 2.00 CNY at geekai.\n"
    )


def test_warnings_are_shown_even_when_there_is_nothing_to_do() -> None:
    walk = shot("walk")
    lock = locked(walk=attempt(shot("walk", "Paid.")))

    assert plan_text(plan_for(storyboard(walk, provider="preview"), lock)) == (
        "warning: walk: its paid clip stays as it is; a preview never replaces it\n"
        "\n"
        "Nothing to do: 1 up to date.\n"
    )


def test_what_is_drawn_here_costs_nothing() -> None:
    plan = plan_for(storyboard(shot("walk"), provider="preview"))

    assert plan_text(plan) == "  + walk  generate    new\n\nPlan: 1 to generate. It costs nothing.\n"


def test_what_submits_nothing_costs_nothing() -> None:
    plan = plan_for(storyboard(), locked(walk=attempt(shot("walk"))))

    assert summary_line(plan) == "Plan: 1 to forget. It costs nothing."


def test_unknown_prices_are_counted() -> None:
    other = replace(shot("b", "B."), model="another")
    plan = plan_for(storyboard(shot("a"), other))

    assert summary_line(plan) == ("Plan: 2 to generate. Cost: unknown; 1 of 2 have no price (see `prices:`).")


def test_a_sum_in_two_currencies_is_none() -> None:
    other = replace(shot("b", "B."), model="another")
    prices = {"cogvideox-3": Money(Decimal(1), "CNY"), "another": DOLLARS}
    plan = plan_for(storyboard(shot("a"), other, prices=prices))

    assert plan_text(plan) == (
        "  + a  generate    new  [1.00 CNY]\n"
        "  + b  generate    new  [0.20 USD]\n"
        "\n"
        "Plan: 2 to generate. Cost: in several currencies, see each shot.\n"
    )


def test_a_first_and_a_last_image_are_compared_one_by_one() -> None:
    cat = shot("cat")
    ends = (ShotFrame("cat", "first"), ShotFrame("cat", 2.5))
    old, new = shot("mix", "Mix.", after="cat"), replace(shot("mix", "Mix."), images=ends)
    lock = locked(cat=attempt(cat), mix=attempt(old, after=clip("cat")))

    text = plan_text(plan_for(storyboard(cat, new), lock))

    frame = f"frame:sha256:{clip('cat').sha256[:12]}…"
    assert text.splitlines()[:5] == [
        "  ~ mix  regenerate  image changed  [1.00 CNY]",
        f'        image.0: "{frame}:last"',
        f'               → "{frame}:first"',
        "        image.1: (not set)",
        f'               → "{frame}:2.5"',
    ]
