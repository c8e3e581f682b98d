"""What differs between two requests, field by field."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from cogvid_pipeline.model.plan import Change
from cogvid_pipeline.model.shot import Request, Scalar
from cogvid_pipeline.plan.fingerprint import significant

Defaults: TypeAlias = Mapping[str, Mapping[str, Scalar]]


def changes_between(before: Request, after: Request, defaults: Defaults) -> tuple[Change, ...]:
    """The fields that differ in meaning; images are compared one by one, as `image.0` and `image.1`."""
    old, new = (_flat(significant(request, defaults)) for request in (before, after))
    return tuple(
        Change(path, old.get(path), new.get(path))
        for path in sorted(old.keys() | new.keys())
        if path not in old or path not in new or old[path] != new[path]
    )


def _flat(request: Mapping[str, Any]) -> dict[str, Any]:
    flat = {name: value for name, value in request.items() if name != "image"}
    flat.update({f"image.{index}": image for index, image in enumerate(request.get("image", ()))})
    return flat
