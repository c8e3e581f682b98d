"""What to write instead of a key that is not known where it stands."""

from collections.abc import Mapping, Set
from difflib import get_close_matches
from typing import Any

from cogvid_pipeline.manifest.mistakes import Path

# Part of the design, but not of this version.
_LATER = {
    "include": "keep all shots in this file",
    "environments": "use `--provider`, `--var` and `--var-file` to switch between drafts and finals",
    "matrix": "write each shot out",
    "exclude": "write each shot out",
    "takes": "write one shot for each result, each with its own prompt",
    "pick": "keep the shot that you like and remove the others",
    "protect": "remove it; `cogvid plan` shows what would be generated again",
    "freeze": "remove it; `cogvid plan` shows what would be generated again",
    "depends_on": "a shot waits for another one when its `image` is a frame of that one",
    "remote": "remove it; clips lie beside the manifest",
    "sequence": "the order of the shots is the story's order",
}
# Other names for what is meant: those of the vendors' APIs, and what people try first.
_MEANT = {
    "image_url": "write `image`",
    "watermark_enabled": "write `watermark`",
    "audio": "write `with_audio`",
    "negative": "say in `prompt` what to avoid",
    "width": "write `size`, as in `size: 1920x1080`",
    "height": "write `size`, as in `size: 1920x1080`",
    "seconds": "write `duration`",
    "length": "write `duration`",
    "seed": "the model has no seed: the same request gives another video each time",
    "async": "remove it; cogvid always asks that way",
    "request_id": "remove it; cogvid chooses one for each request",
    "name": "a shot's name is the key that it stands under",
    "id": "a shot's name is the key that it stands under",
    "variables": "write `vars`",
}


def instead(key: str) -> str:
    """The hint for a key with a typing error."""
    return f"write `{key}`"


def key_advice(key: str, at: Path, known: Set[str], manifest: Mapping[str, Any]) -> str:
    """A hint for an unknown key in the mapping at `at`, where the `known` ones may stand."""
    if ":" in key:
        return f"write a space after the colon: `{key.replace(':', ': ', 1)}`"
    if key in _LATER:
        return f"this version of cogvid has no `{key}` yet: {_LATER[key]}"
    if (home := _home(key, at, manifest)) and key not in known:
        return home
    if near := get_close_matches(key.lower().replace("-", "_"), sorted(known), 1, 0.6):
        return instead(near[0])
    if key in _MEANT:
        return _MEANT[key]
    return f"what may stand here: {', '.join(sorted(known))}" if len(known) <= 20 else ""


def _home(key: str, at: Path, manifest: Mapping[str, Any]) -> str:
    """Where a key belongs that some other level of the manifest knows."""
    definitions = manifest["definitions"]
    if at[:1] not in {(), ("shots",), ("defaults",)} or len(at) > 2:
        return ""
    if at and key in manifest["properties"]:
        return f"`{key}` belongs at the top level of the manifest"
    if key in manifest["properties"]["defaults"]["properties"]:
        return f"put `{key}` under `defaults:` or into a shot"
    if key in definitions["shot"]["properties"]:
        return f"put `{key}` into a shot"
    return ""
