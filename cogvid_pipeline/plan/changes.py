"""What differs between two requests, field by field."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from cogvid_pipeline.model.plan import Change
from cogvid_pipeline.model.shot import Request, Scalar
from cogvid_pipeline.plan.fingerprint import significant

Defaults: TypeAlias = Mapping[str, Mapping[str, Scalar]]

# What the fingerprint puts before an image that is made to fit; the size is a field of its own.
_FITTED = re.compile(r"fit:([a-z]+):[0-9]+x[0-9]+:")


def changes_between(before: Request, after: Request, defaults: Defaults) -> tuple[Change, ...]:
    """The fields that differ in meaning; images are compared one by one, as `image.0` and `image.1`.

    How an image is made to fit is compared apart from it, as `fit.0` and `fit.1`.
    """
    old, new = (_flat(significant(request, defaults)) for request in (before, after))
    for path in _unknown(new):
        old.pop(path, None)
    return tuple(
        Change(path, old.get(path), new.get(path))
        for path in sorted(old.keys() | new.keys())
        if path not in old or path not in new or old[path] != new[path]
    )


def _flat(request: Mapping[str, Any]) -> dict[str, Any]:
    flat = {name: value for name, value in request.items() if name != "image"}
    for index, image in enumerate(request.get("image", ())):
        fitted = _FITTED.match(image or "")
        if fitted:
            flat[f"fit.{index}"] = fitted[1]
        flat[f"image.{index}"] = image[fitted.end() :] if fitted else image
    return flat


def _unknown(flat: Mapping[str, Any]) -> Iterator[str]:
    """Where the fit of an image would be that is known only after apply, as the image is."""
    for path, value in flat.items():
        if value is None:
            yield path.replace("image.", "fit.")
