"""Text that is not YAML, explained in the user's words."""

from typing import Any

import yaml

from cogvid_pipeline.manifest.mistakes import Mistake


def explain(error: yaml.YAMLError, text: str) -> tuple[int, Mistake]:
    """Where the text stops being YAML, and what to write instead."""
    mark: Any = getattr(error, "problem_mark", None)
    return mark.index if mark else 0, Mistake("CV101", str(getattr(error, "problem", error)), ())
