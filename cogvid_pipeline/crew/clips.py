"""Look into clips, and take frames out of them, by way of a crew."""

import asyncio
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from cogvid_pipeline.jobs import Crew, draw, look
from cogvid_pipeline.media.frames import write_frame
from cogvid_pipeline.media.probe import describe
from cogvid_pipeline.model.attempt import Clip


@dataclass(frozen=True, slots=True)
class CrewClips:
    """Fits engine.ports.Frames, and is what the clip cache asks about new files."""

    crew: Crew

    async def extract(self, clip: Path, at: str | float) -> tuple[bytes, str]:
        """A frame as an image file, and its media type. Raises MediaError."""
        return await asyncio.to_thread(self._extract, clip, at)

    def _extract(self, clip: Path, at: str | float) -> tuple[bytes, str]:
        with TemporaryDirectory() as directory:
            into = Path(directory, "frame")
            job = draw(partial(write_frame, at=at), clip.stem, clip, into)
            media_type = self.crew.begin(job).result()
            return into.read_bytes(), media_type

    def probe(self, path: Path, sha256: str) -> Clip:
        """What is in a clip; waits for it. Raises MediaError."""
        return self.crew.begin(look(partial(describe, sha256=sha256), sha256, path)).result()
