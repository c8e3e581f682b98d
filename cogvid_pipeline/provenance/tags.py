"""A label in the metadata of an MP4, which anybody can read and anybody can remove.

It is appended as boxes of its own. All that was there stays where it is, byte for byte, so that the copy
plays as the clip does, and begins with the clip. What a vendor's label says is not said again.
"""

import json
import shutil
from pathlib import Path
from uuid import UUID
from xml.sax.saxutils import quoteattr

from cogvid_pipeline.errors import MediaError
from cogvid_pipeline.media.mp4 import open_clip
from cogvid_pipeline.model.attempt import Attempt
from cogvid_pipeline.provenance.statement import TOOL, software_agent, source_type

# Where XMP lies in an MP4, as part 3 of its specification has it.
_XMP = UUID("be7acfcb-97a9-42e8-9c71-999491e3afac").bytes
_UTF8 = 1  # the type of a value in QuickTime metadata
_CHUNK = 1024 * 1024


def write_tagged(clip: Path, attempt: Attempt, producer: str, into: Path) -> None:
    """Write a copy of the clip with the label. Raises MediaError."""
    _check_closed(clip)
    with open_clip(clip) as (container, _):
        there = set(container.metadata)
    tags = {name: value for name, value in tags_of(attempt, producer).items() if name not in there}
    with clip.open("rb") as source, into.open("xb") as target:
        shutil.copyfileobj(source, target, _CHUNK)
        target.write(_metadata(tags) + _box(b"uuid", _XMP, _packet(attempt)))


def tags_of(attempt: Attempt, producer: str) -> dict[str, str]:
    """The metadata by their names, as FFmpeg and ExifTool show them.

    `AIGC` is the implicit label of GB 45438-2025, annex E, for what a model made: its seven fields, of which
    those of whoever spreads the clip are left to them. Label 1 means "is generated".
    """
    made_by = software_agent(attempt)["name"]
    if not attempt.paid:
        return {"comment": f"Drawn by a program, not by a trained model: {made_by}"}
    label = {
        "Label": "1",
        "ContentProducer": producer,
        "ProduceID": attempt.task_id or attempt.request_id,
        "ReservedCode1": "",
        "ContentPropagator": "",
        "PropagateID": "",
        "ReservedCode2": "",
    }
    return {
        "AIGC": json.dumps(label, ensure_ascii=False, separators=(",", ":")),
        "comment": f"AI-generated: {made_by}",
    }


def _packet(attempt: Attempt) -> bytes:
    """The XMP packet with IPTC's property for where a picture comes from."""
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmp:CreatorTool={quoteattr(f"{TOOL}: {software_agent(attempt)['name']}")}
    Iptc4xmpExt:DigitalSourceType={quoteattr(source_type(attempt))}/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>""".encode("utf-8", "replace")


def _metadata(tags: dict[str, str]) -> bytes:
    """QuickTime metadata: a list of names, and the values by their places in it."""
    names = (_box(b"mdta", name.encode()) for name in tags)
    values = (
        _box(_number(place), _box(b"data", _number(_UTF8), _number(0), value.encode("utf-8", "replace")))
        for place, value in enumerate(tags.values(), 1)
    )
    return _box(
        b"meta",
        _number(0),
        _box(b"hdlr", bytes(8), b"mdta", bytes(13)),
        _box(b"keys", _number(0), _number(len(tags)), *names),
        _box(b"ilst", *values),
    )


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return _number(8 + len(body)) + kind + body


def _number(number: int) -> bytes:
    return number.to_bytes(4)


def _check_closed(clip: Path) -> None:
    """Raise MediaError where the last box goes on to the end of the file, whatever comes there."""
    at, end = 0, clip.stat().st_size
    with clip.open("rb") as file:
        while at < end:
            file.seek(at)
            head = file.read(16)
            size = int.from_bytes(head[:4])
            if size == 1:
                size = int.from_bytes(head[8:16])
            at += size
            if size < 8 or at > end:
                raise MediaError("the clip does not end where it says, so that nothing can be appended to it")
