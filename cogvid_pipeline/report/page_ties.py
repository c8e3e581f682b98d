"""Say on the storyboard page which shots are made from which."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from cogvid_pipeline.model.shot import Shot, ShotFrame, matrix_of
from cogvid_pipeline.report.page_view import Tie


class Ties:
    """Which shots are made from which, by name, in both directions."""

    def __init__(self, shots: Sequence[Shot]) -> None:
        members: dict[str, list[str]] = defaultdict(list)
        for shot in shots:
            for name in filter(None, (shot.name, matrix_of(shot.name))):
                members[name].append(shot.name)
        self.made_from: dict[str, tuple[Tie, ...]] = {}
        self.used_by: dict[str, list[Tie]] = defaultdict(list)
        for shot in shots:
            ties = tuple(_ties_of(shot, members))
            self.made_from[shot.name] = ties
            for tie in ties:
                self.used_by[tie.shot].append(Tie(shot.name, tie.label))


def _ties_of(shot: Shot, members: Mapping[str, Sequence[str]]) -> Iterator[Tie]:
    labels: dict[str, list[str]] = defaultdict(list)
    for image in shot.images:
        if isinstance(image, ShotFrame):
            words = f"{image.at} frame" if isinstance(image.at, str) else f"frame at {image.at:g} s"
            labels[image.shot].append(words if image.take == 1 else f"{words} of take {image.take}")
    for name in shot.depends_on:
        for member in members[name]:
            labels[member] = labels[member] or ["comes first"]
    return (Tie(name, ", ".join(words)) for name, words in labels.items())
