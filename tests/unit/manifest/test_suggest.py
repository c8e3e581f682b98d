"""Which of the known names was probably meant."""

from cogvid_pipeline.manifest.suggest import Suggestions


def test_the_nearest_name_is_suggested() -> None:
    assert Suggestions().nearest("arival", ["walk", "arrival", "arcade"]) == "arrival"


def test_nothing_is_suggested_that_is_not_like_the_name() -> None:
    assert Suggestions().nearest("finale", ["walk", "arrival"]) == ""


def test_many_names_are_not_compared_for_ever() -> None:
    suggestions = Suggestions(comparisons=3)

    assert suggestions.nearest("walc", ["walk", "talk"]) == "walk"
    assert suggestions.nearest("walc", ["walk", "talk"]) == "walk"
    assert suggestions.nearest("walc", ["walk", "talk"]) == ""
