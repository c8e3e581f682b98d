"""`cogvid apply` for a person at a terminal."""

import json
import signal
from pathlib import Path

import pytest

from tests.project import Project
from tests.terminal import HIDE_CURSOR, SHOW_CURSOR, on_terminal
from tests.vendor import Accept, Cut, Hang, Reply, Vendor

CAT = "  cat: {prompt: A cat plays.}\n"
DOG = "  dog: {prompt: A dog plays.}\n"
NAP = "  nap: {prompt: It falls asleep., image: {shot: cat, frame: last}}\n"
CTRL_C = "\x03"
BOLD, PLAIN = "\x1b[1m", "\x1b[0m"


def test_a_person_is_shown_the_plan_and_asked(project: Project, vendor: Vendor) -> None:
    project.write(CAT)

    with on_terminal(project, "apply") as terminal:
        terminal.wait_for("Do this? [y/N]:")
        assert "+ cat  generate    new  [1.00 CNY]" in terminal.text
        assert "Cost: 1.00 CNY at geekai." in terminal.text
        assert vendor.requests == []
        terminal.type("n\n")

        assert terminal.end() == 1
        assert "nothing was done" in terminal.text

    assert vendor.requests == []
    assert not (project.root / "cogvid.lock").exists()


def test_after_a_yes_it_is_done(project: Project, vendor: Vendor) -> None:
    project.write(CAT)

    with on_terminal(project, "apply") as terminal:
        terminal.wait_for("Do this?")
        terminal.type("y\n")

        assert terminal.end() == 0
        assert "Done: 1 shot in place." in terminal.text

    assert project.lock["cat"]["status"] == "succeeded"


def test_ctrl_c_at_the_question_does_nothing(project: Project, vendor: Vendor) -> None:
    project.write(CAT)

    with on_terminal(project, "apply") as terminal:
        terminal.wait_for("Do this?")

        assert terminal.interrupt() == 130

    assert vendor.requests == []


def test_the_question_is_asked_with_the_plan_even_when_stdout_is_for_events(
    project: Project, vendor: Vendor
) -> None:
    project.write(CAT)

    with on_terminal(project, "apply", "--json") as terminal:
        terminal.wait_for("Do this?")
        assert "Cost: 1.00 CNY at geekai." in terminal.text
        terminal.type("n\n")
        assert terminal.end() == 1


def test_the_table_has_names_states_times_and_the_cost_so_far(project: Project, vendor: Vendor) -> None:
    vendor.on_submit(Accept(), Reply(400, {"error": {"code": "1301", "message": "unsafe content"}}))
    vendor.running_polls = 1
    project.write(CAT + NAP + DOG)

    with on_terminal(project, "apply", "--yes", "--jobs", "1") as terminal:
        assert terminal.end() == 1
        text = terminal.text

    lines = [line.rstrip() for line in text.splitlines()]
    header = next(line for line in lines if "shot" in line and "state" in line)
    done = next(line for line in lines if "✓" in line and "cat" in line)
    bad = next(line for line in lines if "✗" in line)
    assert header.endswith("cost")
    assert len(header) == len(done) == 100
    assert done.index("cat") == header.index("shot")
    assert bad.index("dog") == header.index("shot")
    assert done.index("done, ") == header.index("state") == bad.index("failed: unsafe content")
    assert done.endswith("1.00 CNY")
    assert "0:0" in done
    assert "running" in text
    assert "3 of 3 · 1 failed · 2.00 CNY so far · 0:0" in text


def test_what_is_free_has_no_column_of_costs(project: Project) -> None:
    project.write("  cat: {prompt: A cat., size: 1280x720, duration: 5}\n", provider="preview")

    with on_terminal(project, "apply", "--yes") as terminal:
        assert terminal.end() == 0

        assert "rendering" in terminal.text
        assert "cost" not in terminal.text.partition("It costs nothing.")[2]
        assert "1 of 1 · 0:" in terminal.text


def test_what_was_paid_for_before_is_not_in_the_cost_so_far(project: Project) -> None:
    project.write(CAT)
    project.apply()
    project.write("  kitten: {prompt: A cat plays.}\n" + DOG)

    with on_terminal(project, "apply", "--yes") as terminal:
        assert terminal.end() == 0
        assert "3 of 3 · 1.00 CNY so far" in terminal.text


def test_more_shots_than_the_screen_has_lines_are_counted(project: Project, vendor: Vendor) -> None:
    vendor.seconds = 1
    project.write("".join(f"  s{number}: {{prompt: Shot {number}.}}\n" for number in range(12)))

    with on_terminal(project, "apply", "--yes", "--jobs", "12", lines=10) as terminal:
        assert terminal.end() == 0
        assert "… and 6 more under way" in terminal.text
        assert "12 of 12" in terminal.text


def test_ctrl_c_ends_the_run_in_order_and_gives_the_terminal_back(project: Project, vendor: Vendor) -> None:
    vendor.seconds = 3600
    project.write(CAT)

    with on_terminal(project, "apply", "--yes") as terminal:
        terminal.wait_for("running")
        terminal.type(CTRL_C)

        assert terminal.end() == 130
        assert "stopping: what is out is finished and recorded" in terminal.text
        assert "stopped; 1 shot not finished" in terminal.text
        assert "Traceback" not in terminal.text
        assert terminal.shown.rindex(SHOW_CURSOR) > terminal.shown.rindex(HIDE_CURSOR)

    assert project.lock["cat"]["status"] == "submitted"
    assert project.plan() == {"cat": "resume"}


def test_ctrl_c_while_a_request_is_out_waits_for_its_answer(project: Project, vendor: Vendor) -> None:
    vendor.on_submit(Accept(then=Hang()))
    project.write(CAT + DOG)

    with on_terminal(project, "apply", "--yes", "--jobs", "1") as terminal:
        vendor.wait_until(lambda: len(vendor.posts) == 1)
        terminal.type(CTRL_C)
        terminal.wait_for("stopping")
        terminal.type(CTRL_C)

        assert terminal.end() == 130
        assert terminal.shown.rindex(SHOW_CURSOR) > terminal.shown.rindex(HIDE_CURSOR)

    assert len(vendor.posts) == 1
    assert project.plan() == {"cat": "hold", "dog": "generate"}


def test_a_terminal_that_is_closed_stops_the_run_in_order(project: Project, vendor: Vendor) -> None:
    vendor.seconds = 3600
    project.write(CAT)
    with on_terminal(project, "apply", "--yes") as terminal:
        terminal.wait_for("running")
        assert terminal.hang_up() == 130

    assert project.lock["cat"]["status"] == "submitted"
    assert project.plan() == {"cat": "resume"}


def test_a_reader_that_has_seen_enough_stops_the_run_in_order(project: Project, vendor: Vendor) -> None:
    vendor.running_polls = 1
    project.write(CAT + DOG)
    process = project.start("apply", "--yes", "--json")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()

    assert process.wait(60) == 130
    assert process.stderr is not None
    errors = process.stderr.read()
    process.stderr.close()

    assert "Traceback" not in errors
    assert "Exception ignored" not in errors
    assert "hold" not in project.plan().values()
    assert project.apply().code == 0
    assert len(vendor.accepted) == 2


def test_under_nohup_a_hangup_changes_nothing(project: Project, vendor: Vendor) -> None:
    vendor.seconds = 1
    project.write(CAT)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = project.start("apply", "--yes")
    finally:
        signal.signal(signal.SIGHUP, before)
    vendor.wait_until(lambda: len(vendor.polls) >= 1)

    process.send_signal(signal.SIGHUP)
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 0, errors


def test_no_color_means_none(project: Project) -> None:
    project.write(CAT)

    with on_terminal(project, "apply", "--yes", NO_COLOR="1") as terminal:
        assert terminal.end() == 0
        assert "✓" in terminal.text
        colours = [found for found in terminal.sequences if found.endswith("m") and found[2:3] in "349"]

    assert colours == []


def test_with_colours_states_can_be_told_apart(project: Project, vendor: Vendor) -> None:
    vendor.on_submit(Accept(), Accept(then=Cut()))
    project.write(CAT + DOG)

    with on_terminal(project, "apply", "--yes", "--jobs", "1") as terminal:
        assert terminal.end() == 5
        assert "\x1b[32m✓" in terminal.shown
        assert "\x1b[33m?" in terminal.shown


def test_a_dumb_terminal_gets_plain_lines(project: Project) -> None:
    project.write(CAT)

    with on_terminal(project, "apply", "--yes", TERM="dumb") as terminal:
        assert terminal.end() == 0
        assert terminal.sequences == set()
        assert "cat: submitted as task " in terminal.text


def test_a_terminal_without_unicode_gets_plain_marks(project: Project) -> None:
    project.write(CAT)

    with on_terminal(project, "apply", "--yes", PYTHONIOENCODING="ascii:replace") as terminal:
        assert terminal.end() == 0
        assert "+  cat" in terminal.text
        assert "✓" not in terminal.text


@pytest.mark.parametrize("words", ["\x1b]0;pwned\x07\x1b[2Jgone", "\x9b2J", "a\rb\nc", "[red]loud[/red]"])
def test_the_vendors_words_cannot_steer_the_terminal(project: Project, vendor: Vendor, words: str) -> None:
    vendor.on_submit(Reply(400, {"error": {"code": "400", "message": words}}))
    project.write(CAT)

    with on_terminal(project, "apply", "--yes") as terminal:
        assert terminal.end() == 1
        assert "\x1b]0;" not in terminal.shown
        assert "\x1b[2J" not in terminal.shown
        assert "\x9b" not in terminal.shown
        if words.startswith("[red]"):
            assert "[red]loud[/red]" in terminal.text


def test_a_prompt_from_a_hostile_lock_cannot_steer_the_terminal(project: Project) -> None:
    project.write(CAT)
    project.apply()
    path = project.root / "cogvid.lock"
    lock = json.loads(path.read_text())
    lock["shots"]["cat"]["result"]["request"]["prompt"] = "A cat.\x1b[2J\x1b]0;pwned\a \u202e reversed"
    path.write_text(json.dumps(lock))
    project.write(CAT.replace("cat plays", "dog plays"))

    with on_terminal(project, "apply") as terminal:
        terminal.wait_for("Do this?")
        assert "\\x1b[2J" in terminal.text
        assert "\x1b[2J" not in terminal.shown
        assert "\x1b]0;" not in terminal.shown
        assert "\u202e" not in terminal.shown


def test_a_narrow_terminal_cuts_what_moves_and_folds_what_stays(project: Project, vendor: Vendor) -> None:
    words = "the prompt has words that the vendor does not like at all, sorry"
    vendor.on_submit(Reply(400, {"error": {"code": "400", "message": words}}))
    project.write("  a-shot-with-a-name-that-is-much-too-long-for-a-column: {prompt: A cat.}\n")

    with on_terminal(project, "apply", "--yes", columns=80) as terminal:
        assert terminal.end() == 1
        table = terminal.text.partition("state")[2].partition("error:")[0]

    assert "a-shot-with-a-name-that-is-much…" in table
    assert "sorry" in table


def test_nothing_to_do_draws_no_table(project: Project) -> None:
    project.write(CAT)
    project.apply()

    with on_terminal(project, "apply") as terminal:
        assert terminal.end() == 0
        assert terminal.text == "Nothing to do: 1 up to date.\r\n"
        assert terminal.sequences == {BOLD, PLAIN}


@pytest.mark.parametrize("amount", ["nan", "inf", "-1", "much"])
def test_an_amount_that_is_none_is_refused(project: Project, vendor: Vendor, amount: str) -> None:
    project.write(CAT)

    ran = project.apply("--max-cost", amount)

    assert ran.code == 64
    assert vendor.requests == []


def test_two_runs_of_one_request_in_two_work_trees_pay_once(tmp_path: Path, vendor: Vendor) -> None:
    ledger = str(tmp_path / "ledger")
    vendor.seconds = 1
    projects = [Project(tmp_path / name, vendor, {"COGVID_LEDGER": ledger}) for name in ("one", "two")]
    for one in projects:
        one.root.mkdir()
        one.write(CAT)

    running = [one.start("apply", "--yes") for one in projects]
    for process in running:
        process.communicate(timeout=60)
    ends = [one.apply().code for one in projects]

    assert ends == [0, 0]
    assert len(vendor.accepted) == 1
    assert {one.lock["cat"]["result"]["task_id"] for one in projects} == {vendor.accepted[0].id}
