"""The resolved shots as text and as JSON data."""

from collections.abc import Iterable
from typing import Any

from cogvid_pipeline.model.shot import Image, ImageData, ImageFile, ImageUrl, Shot, ShotFrame, Storyboard
from cogvid_pipeline.report.json_text import FORMAT_VERSION
from cogvid_pipeline.report.printable import printable


def storyboard_text(shots: Iterable[Shot]) -> str:
    """Each shot with what it asks for, one field a line."""
    return "\n".join(_shot_text(shot) for shot in shots)


def storyboard_document(storyboard: Storyboard, shots: Iterable[Shot]) -> dict[str, Any]:
    """The shots as JSON data; parameters that nobody wrote are left out."""
    return {
        "format_version": FORMAT_VERSION,
        "project": storyboard.project,
        "provider": storyboard.provider,
        "shots": [
            {
                "shot": shot.name,
                "model": shot.model,
                **({"prompt": shot.prompt} if shot.prompt else {}),
                **({"image": [describe_image(image) for image in shot.images]} if shot.images else {}),
                **shot.parameters,
                "tags": list(shot.tags),
            }
            for shot in shots
        ],
    }


def describe_image(image: Image) -> str:
    """A picture in a few words."""
    match image:
        case ImageFile(path):
            return path
        case ImageUrl(url):
            return url
        case ImageData(digest, media_type):
            return f"{media_type} written in the manifest ({digest[:19]}…)"
        case ShotFrame(shot, at):
            return f"the {at} frame of {shot}" if isinstance(at, str) else f"the frame of {shot} at {at:g} s"


def _shot_text(shot: Shot) -> str:
    fields = [("model", shot.model)]
    if shot.prompt:
        fields.append(("prompt", shot.prompt))
    fields += [("image", describe_image(image)) for image in shot.images]
    fields += [(name, str(value).lower()) for name, value in shot.parameters.items()]
    if shot.tags:
        fields.append(("tags", ", ".join(shot.tags)))
    width = max(len(name) for name, _ in fields)
    return "".join(
        [f"{shot.name}\n", *(f"  {name:<{width}}  {printable(value)}\n" for name, value in fields)]
    )
