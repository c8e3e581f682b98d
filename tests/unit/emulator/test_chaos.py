import pytest

from cogvid_pipeline.emulator.chaos import KNOBS, Chaos, read_knobs
from cogvid_pipeline.errors import UsageError


def lots(chaos, knob="cut", subject="a", times=1000):
    return [chaos.strikes(knob, subject) for _ in range(times)]


def test_about_as_much_goes_wrong_as_was_asked_for():
    assert 240 < sum(lots(Chaos({"cut": 0.3}, "7"))) < 360
    assert all(lots(Chaos({"cut": 1.0}, "7")))
    assert not any(lots(Chaos({"cut": 0.0}, "7")))
    assert not any(lots(Chaos({"fail": 1.0}, "7")))


def test_one_seed_lets_the_same_things_go_wrong_in_whatever_order_they_are_asked():
    one, other = Chaos({"cut": 0.5}, "7"), Chaos({"cut": 0.5}, "7")

    in_turn = [one.strikes("cut", subject) for _ in range(50) for subject in "ab"]
    apart = [other.strikes("cut", subject) for subject in "ba" for _ in range(50)]

    assert in_turn[0::2] == apart[50:]
    assert in_turn[1::2] == apart[:50]
    assert in_turn[0::2] != in_turn[1::2]
    assert lots(Chaos({"cut": 0.5}, "8"), times=50) != in_turn[0::2]


def test_knobs_strike_apart_from_each_other():
    chaos = Chaos({"cut": 0.5, "fail": 0.5}, "7")

    assert lots(chaos, "cut", times=50) != lots(chaos, "fail", times=50)


def test_an_account_is_in_arrears_after_so_many_tasks():
    chaos = Chaos({"arrears-after": 2}, "7")

    assert [chaos.in_arrears(accepted) for accepted in range(4)] == [False, False, True, True]
    assert not Chaos({}, "7").in_arrears(10_000)


def test_knobs_are_read_from_the_command_line():
    assert read_knobs(["cut=0.2", "fail=1", "arrears-after=20"]) == {
        "cut": 0.2,
        "fail": 1.0,
        "arrears-after": 20,
    }


@pytest.mark.parametrize("text", ["cuts=0.2", "", "=0.2", "Cut=0.2"])
def test_an_unknown_knob_is_refused_with_the_known_ones(text):
    with pytest.raises(UsageError) as refused:
        read_knobs([text])

    assert all(knob in refused.value.hint for knob in KNOBS)


@pytest.mark.parametrize("value", ["", "lots", "-0.1", "1.1", "nan", "inf"])
def test_odds_are_from_nought_to_one(value):
    with pytest.raises(UsageError, match="cut cannot be") as refused:
        read_knobs([f"cut={value}"])

    assert "cut=0.2" in refused.value.hint


@pytest.mark.parametrize("value", ["", "-1", "1.5", "nan", "inf"])
def test_a_number_of_tasks_is_a_whole_one(value):
    with pytest.raises(UsageError, match="arrears-after cannot be"):
        read_knobs([f"arrears-after={value}"])


def test_a_knob_that_is_given_twice_is_refused():
    with pytest.raises(UsageError, match="twice"):
        read_knobs(["cut=0.1", "cut=0.2"])
