"""What to write instead of a key that is not known where it stands."""

from collections.abc import Mapping, Set
from difflib import get_close_matches
from typing import Any

from cogvid_pipeline.manifest.mistakes import Path

# Other names for what is meant: those of the vendors' APIs, and what people try first.
_OTHER_NAMES = {
    "image_url": "image",
    "watermark_enabled": "watermark",
    "audio": "with_audio",
    "seconds": "duration",
    "length": "duration",
    "variables": "vars",
    "fragments": "prompts",
    "needs": "depends_on",
    "after": "depends_on",
    "cut": "sequence",
    "timeline": "sequence",
    "variants": "takes",
}
_KEY = "put it into the environment as GEEKAI_API_KEY, BIGMODEL_API_KEY or ZAI_API_KEY, never into a manifest"
_NOT_NEEDED = {
    **dict.fromkeys(("api_key", "apikey", "key", "token"), _KEY),
    "base_url": "put it into the environment as GEEKAI_BASE_URL, BIGMODEL_BASE_URL or ZAI_BASE_URL",
    "width": "write `size`, as in `size: 1920x1080`",
    "height": "write `size`, as in `size: 1920x1080`",
    "seed": "the model has no seed: the same request gives another video each time",
    "async": "remove it; cogvid always asks that way",
    "request_id": "remove it; cogvid chooses one for each request",
    "name": "a shot's name is the key that it stands under",
    "id": "a shot's name is the key that it stands under",
}


def advise(key: str, at: Path, known: Set[str], manifest: Mapping[str, Any]) -> tuple[str, str]:
    """A hint for an unknown key in the mapping at `at`, where the `known` ones may stand.

    Beside it the key that was most likely meant, or "".
    """
    if ":" in key:
        return f"write a space after the colon: `{key.replace(':', ': ', 1)}`", key.partition(":")[0]
    if home := _home(key, at, manifest):
        return home, ""
    if at == ("provenance",) and "key" in key:
        return "name the file with the key in the environment as COGVID_SIGNING_KEY, never in a manifest", ""
    if key in _NOT_NEEDED:
        return _NOT_NEEDED[key], ""
    meant = _OTHER_NAMES.get(key, "")
    if near := get_close_matches(key.lower().replace("-", "_"), sorted(known), 1, 0.6):
        meant = meant or near[0]
    if meant in known:
        return f"write `{meant}`", meant
    return f"what may stand here: {', '.join(sorted(known))}", ""


def _home(key: str, at: Path, manifest: Mapping[str, Any]) -> str:
    """Where a key belongs that is known in another part of the manifest."""
    in_shot = len(at) == 2 and at[0] == "shots"
    in_environment = len(at) == 2 and at[0] == "environments"
    in_defaults = at == ("defaults",) or (len(at) == 3 and at[0] == "environments")
    parameters = manifest["properties"]["defaults"]["properties"]
    if in_environment and key in parameters:
        return f"put `{key}` under `defaults:` there"
    if key in manifest["properties"] and in_environment:
        return f"`{key}` belongs at the top level: it is the same in every environment"
    if key in manifest["properties"] and (in_shot or in_defaults):
        return f"`{key}` belongs at the top level of the manifest"
    if key in parameters and not at:
        return f"put `{key}` under `defaults:` or into a shot"
    if key in manifest["definitions"]["shot"]["properties"] and (not at or in_defaults):
        return f"put `{key}` into a shot"
    return ""
