"""Every attempt is durable, and of the paid ones at most one by request is live, wherever the ledger is."""

import os
import re
import signal
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal

import pytest

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import Full, State
from cogvid_pipeline.model.shot import Money
from tests.attempts import make_attempt, make_unfinished
from tests.ledgers import WALK, make_place, wait_until

LIVE = [State.INTENT, State.ACCEPTED, State.ADOPTED, State.HELD]
SETTLED = [State.SUCCEEDED, State.FAILED, State.REFUSED, State.RELEASED]


@pytest.fixture(params=["file", "server"])
def place(request, tmp_path):
    return make_place(request.param, tmp_path / "state")


@pytest.mark.parametrize("attempt", [make_attempt(), make_unfinished(), make_unfinished(cost=None)])
def test_an_attempt_comes_back_as_it_was_recorded(place, attempt):
    place.keep(attempt)

    assert place.newest() == attempt


def test_an_amount_keeps_all_its_digits_and_an_address_its_query(place):
    attempt = make_attempt(
        cost=Money(Decimal("0.12345678901234567890"), "USD"), url="https://cdn.example.com/a.mp4?sig=1#x"
    )

    place.keep(attempt)

    assert place.newest() == attempt
    assert str(place.newest().cost.amount) == "0.12345678901234567890"


def test_an_attempt_goes_through_its_states_in_one_row(place):
    intent = make_unfinished(state=State.INTENT)
    accepted = make_unfinished()
    with place.open("run") as ledger:
        assert ledger.intend(intent) is None
        assert ledger.newest([WALK])[WALK] == intent
        ledger.record(accepted)
        assert ledger.newest([WALK])[WALK] == accepted
        ledger.record(make_attempt())

    assert place.newest() == make_attempt()


def test_many_fingerprints_are_looked_up_at_once(place):
    place.keep(*(make_attempt(f"shot-{number}") for number in range(50)))
    wanted = [make_attempt(f"shot-{number}").fingerprint for number in range(0, 10_000, 2)]

    with place.read() as ledger:
        found = ledger.newest(wanted)

    assert set(found) == set(wanted[:25])
    assert all(attempt.fingerprint == fingerprint for fingerprint, attempt in found.items())


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        (["1 succeeded", "2 accepted"], "1"),
        (["1 accepted", "2 succeeded"], "2"),
        (["1 succeeded", "2 succeeded"], "2"),
        (["1 failed", "2 held"], "2"),
        (["1 succeeded", "2 failed", "3 refused", "4 released"], "1"),
        (["1 adopted", "2 failed"], "1"),
        (["1 succeeded", "2 intent"], "1"),
        (["1 failed", "2 refused", "3 released"], None),
        ([], None),
    ],
)
def test_the_attempt_that_counts_is_the_newest_of_the_best(place, attempts, expected):
    place.keep(
        *(
            make_attempt(request_id=request_id, state=State(value), clip=None)
            for request_id, value in (attempt.split() for attempt in attempts)
        ),
    )

    found = place.newest()

    assert (found.request_id if found else None) == expected


def test_newest_is_what_was_learned_last_even_when_the_clock_was_set_back(place):
    place.keep(
        make_attempt(request_id="first", created_at="2026-11-22T10:00:00.000+00:00"),
        make_attempt(request_id="second", created_at="2026-11-21T10:00:00.000+00:00"),
    )

    assert place.newest().request_id == "second"


@pytest.mark.parametrize("live", LIVE)
def test_an_intent_is_refused_while_an_attempt_at_the_same_request_is_live(place, live):
    with place.open("run") as ledger:
        ledger.record(make_unfinished(state=live, request_id="live"))

        found = ledger.intend(make_unfinished(state=State.INTENT, request_id="new"))

        assert found == make_unfinished(state=live, request_id="live")
        assert ledger.newest([WALK])[WALK].request_id == "live"


@pytest.mark.parametrize("settled", SETTLED)
def test_an_intent_is_recorded_when_the_attempts_before_are_settled(place, settled):
    with place.open("run") as ledger:
        ledger.record(make_attempt(state=settled, request_id="old"))

        assert ledger.intend(make_unfinished(state=State.INTENT, request_id="new"), again=True) is None


def test_an_attempt_that_has_succeeded_is_in_the_way_unless_another_clip_is_wanted(place):
    intent = make_unfinished(state=State.INTENT, request_id="new")
    with place.open("run") as ledger:
        ledger.record(make_attempt(request_id="done"))

        assert ledger.intend(intent) == make_attempt(request_id="done")
        assert ledger.intend(intent, again=True) is None
        assert ledger.intend(replace(intent, request_id="third")) == make_attempt(request_id="done")


def test_an_attempt_that_is_over_is_still_known_by_its_request_id(place):
    place.keep(make_attempt(state=State.RELEASED))

    with place.read() as ledger:
        assert ledger.newest([WALK]) == {}
        assert ledger.recorded(make_attempt().request_id) == make_attempt(state=State.RELEASED)
        assert ledger.recorded("somebody else's") is None


def test_two_ledgers_on_one_file_admit_one_intent(place):
    with place.open("one") as one, place.open("two") as two:
        assert one.intend(make_unfinished(state=State.INTENT, request_id="one")) is None

        found = two.intend(make_unfinished(state=State.INTENT, request_id="two"))

        assert found.request_id == "one"
        assert found.state is State.INTENT


COMPETE = """
with place.open(name, lease=4 if name == "killed" else 60) as ledger:
    print("open", flush=True)
    sys.stdin.readline()
    for number in range(30):
        intent = make_unfinished(f"shot-{number}", State.INTENT, request_id=f"{name}-{number}")
        print("refused" if ledger.intend(intent) else "admitted", flush=True)
    sys.stdin.readline()
"""


def test_of_several_processes_exactly_one_is_admitted_for_each_request(place):
    with ExitStack() as stack:
        processes = [stack.enter_context(place.process(name, COMPETE)) for name in ("a", "b", "c")]
        for process in processes:
            assert process.stdout.readline() == "open\n"
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        verdicts = [[process.stdout.readline().strip() for _ in range(30)] for process in processes]
        for process in processes:
            process.communicate("end\n")

    assert all(sorted(each) == ["admitted", "refused", "refused"] for each in zip(*verdicts, strict=True))


def test_an_intent_whose_run_was_killed_is_held(place):
    fingerprint = make_attempt("shot-7").fingerprint
    with place.process("killed", COMPETE) as process:
        process.stdin.write("go\n")
        process.stdin.flush()
        for _ in range(31):
            process.stdout.readline()
        assert place.newest(fingerprint).state is State.INTENT
        process.kill()

    wait_until(lambda: place.newest(fingerprint).state is State.HELD)
    held = place.newest(fingerprint)
    assert held.error == "the run that sent the request ended before the answer was recorded"
    with place.open("next") as ledger:
        intent = make_unfinished("shot-7", State.INTENT, request_id="next")
        assert ledger.intend(intent) == held


RECORD_AND_DIE = """
with place.open(name) as ledger:
    ledger.record(make_unfinished())
    os.kill(os.getpid(), 9)
"""


def test_what_was_recorded_before_a_kill_is_there(place):
    with place.process("killed", RECORD_AND_DIE) as process:
        assert process.wait() == -signal.SIGKILL

    assert place.newest() == make_unfinished()


@pytest.mark.parametrize("provider", ["preview", "emulator"])
def test_a_free_attempt_neither_blocks_nor_stands_for_a_paid_one(place, provider):
    with place.open("run") as ledger:
        ledger.record(make_unfinished(request_id="free", provider=provider))
        assert ledger.intend(make_unfinished(state=State.INTENT, request_id="paid")) is None
        ledger.record(make_unfinished(request_id="free", provider=provider))
        ledger.record(make_attempt(request_id="free-2", provider=provider))

        assert ledger.newest([WALK])[WALK].request_id == "paid"
        assert (
            ledger.intend(make_unfinished(state=State.INTENT, request_id="more", provider=provider)) is None
        )


def test_a_free_attempt_counts_where_there_is_no_paid_one(place):
    place.keep(make_attempt(provider="preview"))

    assert place.newest() == make_attempt(provider="preview")


@pytest.mark.parametrize("given_up", [State.INTENT, State.HELD, State.FAILED])
def test_a_free_attempt_that_came_to_nothing_does_not_count(place, given_up):
    place.keep(make_unfinished(state=given_up, provider="preview"))

    assert place.newest() is None


def test_what_turns_out_to_be_emulated_is_no_longer_paid(place):
    with place.open("run") as ledger:
        ledger.intend(make_unfinished(state=State.INTENT))
        ledger.record(make_unfinished(provider="emulator"))

        assert ledger.intend(make_unfinished(state=State.INTENT, request_id="paid")) is None


def test_an_unknown_attempt_of_a_lock_is_taken_in(place):
    with place.open("run") as ledger:
        ledger.take_in(make_unfinished())

        assert ledger.intend(make_unfinished(state=State.INTENT, request_id="new")) == make_unfinished()


def test_a_known_attempt_is_not_overwritten_by_what_a_lock_says(place):
    with place.open("run") as ledger:
        ledger.record(make_attempt())
        ledger.take_in(make_unfinished(state=State.FAILED))

        assert ledger.newest([WALK])[WALK] == make_attempt()


def test_an_attempt_of_a_lock_leaves_a_live_one_alone(place):
    with place.open("run") as ledger:
        ledger.record(make_unfinished(request_id="ours"))
        ledger.take_in(make_unfinished(request_id="theirs"))

        assert ledger.newest([WALK])[WALK].request_id == "ours"


@pytest.mark.parametrize("came_to", [State.FAILED, State.RELEASED])
def test_two_tasks_that_two_machines_paid_for_are_both_kept(place, came_to):
    """Should ours come to nothing, theirs is gone on with, and not paid for a third time."""
    with place.open("run") as ledger:
        ledger.record(make_unfinished(request_id="ours"))
        ledger.take_in(make_unfinished(request_id="theirs"))
        assert ledger.intend(make_unfinished(state=State.INTENT, request_id="new")).request_id == "ours"

        ledger.record(make_unfinished(request_id="ours", state=came_to, task_id="task-walk"))

        assert ledger.newest([WALK])[WALK].request_id == "theirs"
        assert ledger.intend(make_unfinished(state=State.INTENT, request_id="new")).request_id == "theirs"


def test_a_running_task_of_another_machine_counts_before_one_in_doubt_here(place):
    with place.open("run") as ledger:
        ledger.record(make_unfinished(request_id="ours", state=State.HELD))
        ledger.take_in(make_unfinished(request_id="theirs"))

        assert ledger.newest([WALK])[WALK].request_id == "theirs"
        assert ledger.intend(make_unfinished(state=State.INTENT, request_id="new")).request_id == "theirs"


def test_what_becomes_of_an_attempt_of_a_lock_is_recorded_beside_a_live_one(place):
    with place.open("run") as ledger:
        ledger.take_in(make_unfinished(request_id="theirs", state=State.HELD))
        ledger.record(make_unfinished(request_id="ours"))
        ledger.record(make_unfinished(request_id="theirs", state=State.ADOPTED))

        ledger.record(make_attempt(request_id="theirs"))

        assert ledger.newest([WALK])[WALK].request_id == "theirs"


def test_a_second_live_attempt_cannot_be_recorded(place):
    with place.open("run") as ledger:
        ledger.record(make_unfinished(request_id="ours"))

        with pytest.raises(StateError, match=r"(?i)unique") as caught:
            ledger.record(make_unfinished(request_id="theirs"))

        assert "another attempt at the same request is unfinished" in caught.value.hint
        ledger.record(make_attempt(request_id="ours"))


def test_half_a_surrogate_pair_from_a_vendor_does_not_keep_a_task_off_the_disk(place):
    place.keep(make_unfinished(error="no \ud83d"))

    assert place.newest() == make_unfinished(error="no ?")


def test_attempts_are_listed_by_their_state_with_those_of_runs_that_are_gone(place):
    kept = [make_unfinished(kind, kind) for kind in LIVE] + [
        make_attempt(kind, state=kind) for kind in SETTLED
    ]
    place.keep(*kept)

    with place.read() as ledger:
        live = list(ledger.in_states(LIVE))
        everything = list(ledger.in_states(State))

    assert [attempt.request_id for attempt in live] == [f"request-{kind}" for kind in LIVE]
    assert live[0].state is State.HELD
    assert everything[1:] == kept[1:]


def test_reading_sees_what_a_running_apply_has_recorded(place):
    with place.open("run") as ledger:
        ledger.record(make_unfinished())

        assert place.newest() == make_unfinished()


def test_a_row_never_becomes_the_attempt_at_another_request(place):
    mine, claimed = make_unfinished("mine"), make_unfinished("other", request_id="request-mine")
    with place.open("run") as ledger:
        ledger.record(mine)

        with pytest.raises(StateError, match="the attempt at another request"):
            ledger.record(claimed)

        assert ledger.newest([mine.fingerprint]) == {mine.fingerprint: mine}


def test_what_is_in_doubt_is_listed_without_what_a_run_is_about_to_settle(place):
    place.keep(make_unfinished("a", State.HELD, error="lost"), make_unfinished("b"), make_attempt("c"))
    place.keep(make_unfinished("d", State.INTENT), make_unfinished("f", State.HELD, provider="preview"))

    with place.open("now") as ledger:
        ledger.record(make_unfinished("e", State.INTENT))
        doubts = ledger.in_doubt()

    assert [doubt.request_id for doubt in doubts] == ["request-a", "request-d"]


def test_a_task_leads_to_its_attempts(place):
    place.keep(make_attempt("a"), make_attempt("b"))

    with place.read() as ledger:
        assert ledger.of_task("task-b") == [make_attempt("b")]
        assert ledger.of_task("task-z") == []


def test_a_run_that_has_the_very_request_in_hand_is_named(place):
    with place.open("one", what="cogvid apply") as one, place.open("two") as two:
        one.intend(make_unfinished(state=State.INTENT, request_id="one"))

        found = two.intend(make_unfinished(state=State.INTENT, request_id="two"))

    assert re.fullmatch(
        rf"another cogvid \(pid {os.getpid()}, since ..:.., `cogvid apply`\) is submitting this very request",
        found.error,
    )


def test_an_intent_whose_record_was_not_heard_of_is_recorded_once(place):
    intent = make_unfinished(state=State.INTENT)
    with place.open("run") as ledger:
        assert ledger.intend(intent) is None
        assert ledger.intend(intent) is None

        assert list(ledger.in_states(State)) == [intent]


def test_no_more_tasks_of_an_account_are_in_hand_than_there_is_room_for(place):
    mine, other = ({"state": State.INTENT, "account": name} for name in ("mine", "other"))
    with place.open("one") as one, place.open("two") as two:
        for number in range(3):
            one.intend(make_unfinished(f"shot-{number}", **mine))
        one.record(make_unfinished("shot-1", account="mine"))
        one.record(make_unfinished("shot-2", State.REFUSED, account="mine"))

        assert two.intend(make_unfinished("a", **mine), room=1) == Full(2)
        assert two.intend(make_unfinished("a", **mine), room=2) is None
        assert two.intend(make_unfinished("b", **mine), room=2) is None
        assert two.intend(make_unfinished("c", **other), room=0) is None
        assert one.intend(make_unfinished("d", **mine), room=1) == Full(2)


def test_what_a_run_that_is_gone_had_in_hand_takes_no_room_until_another_sees_to_it(place):
    place.keep(make_unfinished("gone", account="mine"))
    intent = make_unfinished(state=State.INTENT, account="mine")
    with place.open("one") as one, place.open("two") as two:
        assert two.intend(intent, room=0) is None
        one.take_over(make_unfinished("gone"))
        two.take_over(make_unfinished("gone"))

        assert two.intend(make_unfinished("more", State.INTENT, account="mine"), room=0) == Full(1)


def test_an_attempt_in_doubt_is_sent_again_by_one_run_at_a_time(place):
    held = make_unfinished(state=State.HELD)
    place.keep(held)
    with place.open("one") as one, place.open("two") as two:
        assert one.intend_again(held) is None
        assert one.intend_again(held) is None
        assert two.intend_again(held).state is State.INTENT
        assert two.in_doubt() == []

        assert one.record(held) == held
        assert two.intend_again(held) is None
        two.record(make_unfinished())

        assert one.intend_again(held) == make_unfinished()


def test_an_attempt_in_doubt_that_a_lock_brought_is_sent_again_beside_one_that_is_live(place):
    theirs = make_unfinished(state=State.HELD, request_id="theirs")
    with place.open("run") as ledger:
        ledger.record(make_unfinished(request_id="ours"))
        ledger.take_in(theirs)

        assert ledger.intend_again(theirs) is None
        assert ledger.record(make_unfinished(request_id="theirs", task_id="task-t")).task_id == "task-t"


def test_an_attempt_in_doubt_that_the_ledger_does_not_know_is_intended(place):
    with place.open("run") as ledger:
        assert ledger.intend_again(make_unfinished(state=State.HELD)) is None

        assert ledger.recorded("request-walk") == make_unfinished(state=State.INTENT)


def test_a_late_answer_is_recorded_although_the_run_was_taken_for_dead(place):
    with place.open("late") as late:
        late.intend(make_unfinished(state=State.INTENT))
        with place.open("other") as other:
            other.record(make_unfinished(state=State.HELD))  # it was not: its run is alive
        assert late.recorded("request-walk").state is State.INTENT

        assert late.record(make_unfinished()) == make_unfinished()


@pytest.mark.parametrize("doubt", [State.HELD, State.REFUSED, State.INTENT])
def test_doubt_never_takes_the_place_of_knowledge(place, doubt):
    with place.open("run") as ledger:
        ledger.record(make_unfinished())

        assert ledger.record(make_unfinished(state=doubt)) == make_unfinished()
        assert ledger.recorded("request-walk") == make_unfinished()


def test_a_task_that_was_accepted_after_it_was_paid_again_is_kept_beside_the_other(place):
    with place.open("late") as late, place.open("other") as other:
        late.intend(make_unfinished(state=State.INTENT, request_id="late"))
        late.record(make_unfinished(state=State.HELD, request_id="late"))
        other.record(make_unfinished(state=State.RELEASED, request_id="late"))
        assert other.intend(make_unfinished(state=State.INTENT, request_id="again")) is None

        late.record(make_unfinished(request_id="late", task_id="task-late"))

        assert late.recorded("late").task_id == "task-late"
        assert other.record(make_unfinished(request_id="again")).state is State.ACCEPTED


@pytest.mark.parametrize("decision", [State.ADOPTED, State.RELEASED])
def test_a_decision_about_what_has_been_answered_meanwhile_is_refused(place, decision):
    with place.open("run") as ledger:
        ledger.record(make_unfinished())

        with pytest.raises(StateError, match="it is accepted as task task-walk"):
            ledger.record(make_unfinished(state=decision))

        assert ledger.recorded("request-walk") == make_unfinished()


def test_those_that_are_unknown_are_told_from_the_others(place):
    with place.open("run") as ledger:
        ledger.record(make_attempt("a"))

        assert ledger.unknown([make_attempt("a"), make_attempt("b")]) == [make_attempt("b")]


def test_text_that_no_database_takes_does_not_keep_a_task_from_being_recorded(place):
    place.keep(make_unfinished(error="no\0 answer"))

    assert place.newest() == make_unfinished(error="no answer")
