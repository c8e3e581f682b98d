"""Two storyboards compared: what counts as a difference, and as which one."""

import random
from dataclasses import replace

import pytest

from cogvid_pipeline.model.cut import Segment
from cogvid_pipeline.model.difference import Added, Altered, Removed
from cogvid_pipeline.model.plan import Change
from cogvid_pipeline.model.shot import ImageFile, Shot, ShotFrame
from cogvid_pipeline.plan.storydiff import compare
from tests.boards import shot, storyboard

CAT = shot("cat")
NAP = shot("nap", "It naps.", after="cat")
DOG = shot("dog", "A dog plays.")


def only(before: tuple[Shot, ...], after: tuple[Shot, ...]) -> Altered:
    """The one difference, which is about a shot that both have."""
    (found,) = compare(storyboard(*before), storyboard(*after)).shots
    assert isinstance(found, Altered)
    return found


def test_the_same_story_does_not_differ() -> None:
    found = compare(storyboard(CAT, NAP), storyboard(CAT, NAP))

    assert found.empty
    assert found.unchanged == 2


def test_shots_are_added_and_removed() -> None:
    found = compare(storyboard(CAT, DOG), storyboard(CAT, shot("bird", "A bird sings.")))

    assert found.shots == (Added(shot("bird", "A bird sings.")), Removed(DOG))
    assert found.unchanged == 1


def test_a_default_that_is_written_down_is_no_difference() -> None:
    assert compare(storyboard(CAT), storyboard(shot("cat", fps=30))).empty


def test_each_field_that_changes_is_named_with_both_values() -> None:
    after = replace(shot("cat", "A lion plays.", fps=60), tags=("hero",), takes=3, protect=True)

    assert only((CAT,), (after,)).changes == (
        Change("fps", None, 60),
        Change("prompt", "A cat plays.", "A lion plays."),
        Change("tags", None, ("hero",)),
        Change("takes", 1, 3),
        Change("protect", None, True),
    )


def test_a_picture_counts_by_its_content_and_not_by_its_place() -> None:
    old, moved, painted = (
        replace(CAT, images=(ImageFile(path, f"sha256:{digest}", "image/png"),))
        for path, digest in (("a.png", "1"), ("b.png", "1"), ("a.png", "2"))
    )

    assert compare(storyboard(old), storyboard(moved)).empty
    assert only((old,), (painted,)).changes == (Change("image.0", old.images[0], painted.images[0]),)


def test_a_renamed_shot_is_known_by_what_it_asks_for_and_so_is_what_follows_from_it() -> None:
    after = (shot("lion"), shot("sleep", "It naps.", after="lion"))

    found = compare(storyboard(CAT, NAP), storyboard(*after))

    assert found.shots == (Altered(CAT, after[0]), Altered(NAP, after[1]))
    assert all(each.renamed for each in found.shots if isinstance(each, Altered))


def test_a_reference_to_a_renamed_shot_is_no_difference() -> None:
    after = replace(shot("nap", "It naps.", after="lion"), depends_on=("lion",))
    before = replace(NAP, depends_on=("cat",))

    assert only((CAT, before), (shot("lion"), after)).before == CAT


def test_of_twins_each_is_renamed_once() -> None:
    found = compare(storyboard(shot("a"), shot("b")), storyboard(shot("c"), shot("d"), shot("e")))

    assert [each.before.name if isinstance(each, Altered) else "" for each in found.shots] == ["a", "b", ""]


def test_what_follows_a_changed_shot_is_said_to_follow_it_and_what_follows_that() -> None:
    end = shot("end", "The end.", after="nap")
    found = compare(storyboard(CAT, NAP, end, DOG), storyboard(shot("cat", "A lion."), NAP, end, DOG))

    assert [each.follows for each in found.shots if isinstance(each, Altered)] == [(), ("cat",), ("nap",)]
    assert found.unchanged == 1


def test_what_is_only_said_about_a_shot_makes_no_other_clip_of_it() -> None:
    assert only((CAT, NAP), (replace(CAT, tags=("hero",)), NAP)).after.name == "cat"


def test_another_frame_of_the_same_shot_is_a_difference() -> None:
    after = replace(NAP, images=(ShotFrame("cat", 2.5),))

    assert only((CAT, NAP), (CAT, after)).changes == (
        Change("image.0", ShotFrame("cat", "last"), ShotFrame("cat", 2.5)),
    )


@pytest.mark.parametrize(
    ("order", "moved"),
    [
        ("bcda", {"a": "d"}),
        ("dabc", {"d": ""}),
        ("abxcd", {}),
    ],
)
def test_as_few_shots_as_can_be_have_moved(order: str, moved: dict[str, str]) -> None:
    def story(names: str) -> tuple[Shot, ...]:
        return tuple(shot(name, f"Shot {name}.") for name in names)

    found = compare(storyboard(*story("abcd")), storyboard(*story(order)))

    places = {each.after.name: each.place for each in found.shots if isinstance(each, Altered)}
    assert places == moved


def test_putting_the_moved_shots_where_they_are_said_to_be_makes_the_new_order() -> None:
    dice = random.Random(7)
    names = [f"s{number}" for number in range(30)]
    for _ in range(50):
        after = dice.sample(names, len(names))
        found = compare(
            storyboard(*(shot(name, name) for name in names)),
            storyboard(*(shot(name, name) for name in after)),
        )
        moved = {each.after.name: each.place for each in found.shots if isinstance(each, Altered)}
        order = [name for name in names if name not in moved]
        for name in after:
            if name in moved:
                place = moved[name]
                order.insert(order.index(place) + 1 if place else 0, name)
        assert order == after


def test_what_is_said_once_and_the_cut_are_compared() -> None:
    before = storyboard(CAT, NAP, sequence=(Segment("cat"), Segment("nap")))
    after = storyboard(
        shot("lion"),
        shot("nap", "It naps.", after="lion"),
        provider="zai",
        prices={},
        sequence=(Segment("lion"), Segment("nap", start=1.0)),
    )

    found = compare(before, after).settings

    assert [change.path for change in found] == ["provider", "prices.cogvideox-3", "sequence"]
    assert found[2].before == (Segment("lion"), Segment("nap"))
