"""Find the data files that come with the package."""

from functools import cache
from importlib.resources import files
from pathlib import Path


@cache
def schemas_directory() -> Path:
    """Where the JSON Schemas lie: inside an installed wheel, or at the root of a checkout."""
    package = Path(str(files("cogvid_pipeline")))
    inside = package / "schemas"
    return inside if inside.is_dir() else package.parent / "schemas"


@cache
def page_assets() -> Path:
    """Where the template, the style and the script of the storyboard page lie."""
    return Path(str(files("cogvid_pipeline"))) / "page" / "assets"


@cache
def price_list() -> Path:
    """What vendors' models cost, as far as it is published."""
    return Path(str(files("cogvid_pipeline"))) / "plan" / "prices.json"
