"""What a selection means."""

import pytest

from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.model.plan import PlanOptions
from cogvid_pipeline.plan.selection import Candidate, select

# A chain with a side branch, a matrix of two, a shot with two takes, and an entry that only the lock has.
FIELD = [
    Candidate("arrival", tags=("hero", "night"), states=frozenset({"changed"})),
    Candidate("walk", tags=("night",), states=frozenset({"new"}), needs=("arrival",)),
    Candidate("morph", states=frozenset({"new", "held"}), needs=("walk", "arrival")),
    Candidate("skyline.dawn", ("skyline",), tags=("wide",)),
    Candidate("skyline.dusk", ("skyline",), tags=("wide", "night"), states=frozenset({"failed"})),
    Candidate("dance", ("dance@1",)),
    Candidate("dance@2", ("dance",)),
    Candidate("former", gone=True),
]
EVERYTHING = {candidate.name for candidate in FIELD} - {"former"}


def chosen(*selectors: str, exclude: tuple[str, ...] = ()) -> set[str]:
    return set(select(FIELD, PlanOptions(selectors, exclude)))


@pytest.mark.parametrize(
    ("selector", "meant"),
    [
        ("walk", {"walk"}),
        ("skyline", {"skyline.dawn", "skyline.dusk"}),
        ("skyline.*", {"skyline.dawn", "skyline.dusk"}),
        ("*.dusk", {"skyline.dusk"}),
        ("[aw]*", {"arrival", "walk"}),
        ("dance", {"dance", "dance@2"}),
        ("dance@1", {"dance"}),
        ("dance@2", {"dance@2"}),
        ("tag:hero", {"arrival"}),
        ("tag:n*", {"arrival", "walk", "skyline.dusk"}),
        ("state:new", {"walk", "morph"}),
        ("state:changed", {"arrival"}),
        ("state:failed", {"skyline.dusk"}),
        ("state:held", {"morph"}),
        ("+walk", {"arrival", "walk"}),
        ("walk+", {"walk", "morph"}),
        ("+walk+", {"arrival", "walk", "morph"}),
        ("+morph", {"arrival", "walk", "morph"}),
        ("+skyline.dawn+", {"skyline.dawn"}),
        ("tag:hero+", {"arrival", "walk", "morph"}),
        ("+state:new", {"arrival", "walk", "morph"}),
        ("tag:night,tag:wide", {"skyline.dusk"}),
        ("arrival+,state:new", {"walk", "morph"}),
        ("walk dance@2", {"walk", "dance@2"}),
        ("former", {"former"}),
        ("form*", {"former"}),
    ],
)
def test_a_selector_means_what_dbt_users_expect(selector: str, meant: set[str]) -> None:
    assert chosen(selector) == meant


def test_several_selectors_are_united_and_exclusions_are_taken_away() -> None:
    assert chosen("walk", "tag:wide", exclude=("*.dawn",)) == {"walk", "skyline.dusk"}


def test_without_a_selector_everything_in_the_manifest_is_meant() -> None:
    assert chosen() == EVERYTHING
    assert chosen(exclude=("walk+",)) == EVERYTHING - {"walk", "morph"}


def test_what_comes_first_is_upstream_too_be_it_a_shot_or_a_whole_matrix() -> None:
    field = [
        *FIELD,
        Candidate("title", after=("skyline", "dance")),
        Candidate("credits", needs=("title",)),
    ]

    def meant(selector: str) -> set[str]:
        return set(select(field, PlanOptions((selector,))))

    assert meant("+title") == {"title", "skyline.dawn", "skyline.dusk", "dance@2"}
    assert meant("skyline.dawn+") == {"skyline.dawn", "title", "credits"}
    assert meant("dance@2+") == {"dance@2", "title", "credits"}


def test_many_that_come_after_many_are_followed_once() -> None:
    field = [
        *(Candidate(f"sky.{place}", ("sky",)) for place in range(2_000)),
        *(Candidate(f"sea.{place}", ("sea",), after=("sky",)) for place in range(2_000)),
    ]

    assert len(select(field, PlanOptions(("+sea.7",)))) == 2_001
    assert len(select(field, PlanOptions(("sky.7+",)))) == 2_001


def test_what_only_the_lock_has_is_meant_when_it_is_named() -> None:
    assert "former" not in chosen("state:new", "tag:*")
    assert "former" in chosen("*")


def test_a_state_that_nothing_is_in_means_nothing() -> None:
    calm = [Candidate("walk")]

    assert select(calm, PlanOptions(("state:failed",))) == frozenset()
    assert select(calm, PlanOptions(exclude=("state:failed",))) == {"walk"}


@pytest.mark.parametrize(
    ("selector", "words", "hint"),
    [
        ("wlak", "--select: no shot is called 'wlak'", "did you mean 'walk'?"),
        ("+arival+", "--select: no shot is called 'arival'", "did you mean 'arrival'?"),
        ("train.*", "--select: no shot is called 'train.*'", "there are arrival, walk, morph, "),
        ("tag:heroes", "--select: no shot has the tag 'heroes'", "did you mean 'hero'?"),
        ("tag:", "--select: 'tag:' is no selector", "write a name, a glob"),
        ("state:stale", "--select: 'stale' is no state", "the states are new, changed, failed, held"),
        ("path:acts", "--select: there is no selecting by path:", "write a name, a glob"),
        ("", "--select has nothing in it", "write a name, a glob"),
        ("+", "--select: '+' is no selector", "write a name, a glob"),
        ("walk,", "--select: '' is no selector", "write a name, a glob"),
        ("2+walk", "--select: '2+walk' is no selector", "write a name, a glob"),
    ],
)
def test_a_selector_that_means_nothing_is_refused_with_what_is_near(
    selector: str, words: str, hint: str
) -> None:
    with pytest.raises(UsageError) as refused:
        chosen(selector)

    assert str(refused.value) == words
    assert refused.value.hint.startswith(hint)


def test_an_exclusion_that_means_nothing_is_refused_too() -> None:
    with pytest.raises(UsageError, match="--exclude: no shot is called 'wlak'"):
        chosen(exclude=("wlak",))


def test_where_no_shot_has_a_tag_that_is_said() -> None:
    with pytest.raises(UsageError) as refused:
        select([Candidate("walk")], PlanOptions(("tag:hero",)))

    assert refused.value.hint == "there are none"


def test_a_long_list_of_names_is_cut_short() -> None:
    many = [Candidate(f"shot-{number:02}") for number in range(30)]

    with pytest.raises(UsageError) as refused:
        select(many, PlanOptions(("xyz",)))

    assert refused.value.hint.endswith("shot-19, …")
