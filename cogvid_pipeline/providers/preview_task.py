"""Render the preview that a task describes, in whatever process it has come to."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

from cogvid_pipeline.jobs import Files
from cogvid_pipeline.media.fit import fitted
from cogvid_pipeline.media.frames import frame_image
from cogvid_pipeline.media.picture import read_planned
from cogvid_pipeline.model.preview import PreviewTask
from cogvid_pipeline.model.shot import Image, ImageData, ImageFile, ImageUrl, ShotFrame
from cogvid_pipeline.model.wire import ImageBytes, ImageLink, Submission
from cogvid_pipeline.providers.preview import Preview


def render_task(task: PreviewTask, files: Files, into: Path) -> None:
    """Write the preview of the first take. Raises CogvidError."""
    shot = task.shot
    images = tuple(_load(image, task, files) for image in shot.images)
    submission = Submission("", shot.name, 1, shot.model, shot.prompt, images, shot.parameters)
    Preview({shot.model: task.defaults}, scale=task.scale).render_now(submission, into)


@cache
def renderer() -> str:
    """A digest that changes with the code that draws, and with the libraries that it draws with."""
    digest = hashlib.sha256()
    for library in ("av", "pillow", "pylopdf-fonts-zh-cn"):
        digest.update(f"{library} {version(library)}\n".encode())
    here = Path(__file__).parent
    for source in sorted([*(here.parent / "media").glob("*.py"), *here.glob("preview*.py")]):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _load(image: Image, task: PreviewTask, files: Files) -> ImageBytes | ImageLink:
    if isinstance(image, ImageUrl):
        return ImageLink(image.url)
    data, media_type = _picture(image, task, files)
    return ImageBytes(*fitted(data, image.fit)) if image.fit else ImageBytes(data, media_type)


def _picture(image: ImageFile | ImageData | ShotFrame, task: PreviewTask, files: Files) -> tuple[bytes, str]:
    match image:
        case ImageData(_, media_type, data):
            return data, media_type
        case ImageFile(_, _, media_type):
            return read_planned(files[image.sha256], image), media_type
        case ShotFrame(shot, at):
            return frame_image(files[task.clips[shot]], at)
