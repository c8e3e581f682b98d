"""docs/recipes.md: each recipe is followed in a directory of its own, and prints what it says."""

import re
from pathlib import Path

import pytest

from tests.docs.markdown import blocks
from tests.docs.session import Session, write_if_asked

PAGE = Path(__file__).parents[2] / "docs/recipes.md"
RECIPES = re.split(r"^(?=## )", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.splitlines()[0].removeprefix("## "))
def test_a_recipe_does_what_it_says(recipe: str, tmp_path: Path) -> None:
    with Session(tmp_path / "reader") as session:
        real = session.read(recipe)

    write_if_asked(PAGE, recipe, real)
    assert real == recipe


def test_each_manifest_of_a_recipe_is_followed() -> None:
    for recipe in RECIPES:
        assert all(block.title for block in blocks(recipe) if block.language in {"yaml", "diff"}), recipe
