"""Join previews into an animatic of the whole sequence."""

import os
from collections.abc import Sequence
from pathlib import Path

from cogvid_pipeline.cli.crews import Hire
from cogvid_pipeline.cli.film_progress import watching_film
from cogvid_pipeline.cli.filming import is_made, make_film
from cogvid_pipeline.cli.previewing import described
from cogvid_pipeline.cli.project import Project
from cogvid_pipeline.cut.edit_list import make_edit
from cogvid_pipeline.media.film.stretch import Footage
from cogvid_pipeline.model.edit import Card
from cogvid_pipeline.model.preview import NotRendered, PreviewOutcome
from cogvid_pipeline.model.shot import take_name
from cogvid_pipeline.store.stretches import StretchStore


def preview_film(project: Project, outcomes: Sequence[PreviewOutcome], into: Path, hire: Hire) -> str:
    """Write the film, unless it is as it would be, and say how long it is. A card stands for what failed.

    The preview of a shot is shown whatever the take.
    """
    there = {made.shot: made for made in outcomes if not isinstance(made, NotRendered)}
    cut = project.storyboard.cut
    used = {name: there[name] for name in dict.fromkeys(segment.shot for segment in cut) if name in there}
    clips = {name: described(made.path, made.digest) for name, made in used.items()}
    edit = make_edit(
        project.storyboard,
        {take_name(each.shot, each.take): clips[each.shot] for each in cut if each.shot in clips},
    )
    cards = {take_name(each.shot, each.take): Card(each.shot, "There is no preview", "") for each in cut}
    store = StretchStore(project.state)
    if not is_made(edit, cards, store, into):
        footage = Footage(edit, cards, {made.digest: made.path for made in used.values()})
        with hire() as crew, watching_film() as watch:
            make_film(footage, store, into, crew=crew, watch=watch)
    return f"{os.path.relpath(into)}: {float(edit.frames / edit.rate):.2f} s"
