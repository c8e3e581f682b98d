"""Sign Content Credentials (C2PA) into a clip."""

import json
from pathlib import Path
from typing import Any

import c2pa

from cogvid_pipeline import __version__
from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.model.attempt import Attempt
from cogvid_pipeline.provenance.credentials import GENERATION, MP4, make_context, read
from cogvid_pipeline.provenance.identity import Identity
from cogvid_pipeline.provenance.statement import TOOL, generation, software_agent, source_type

_ORIGINAL = "original"
_PARENT = {"title": "as the vendor sent it", "relationship": "parentOf", "label": _ORIGINAL}


def sign(
    attempt: Attempt, *, original: Path, tagged: Path, into: Path, identity: Identity, producer: str, tsa: str
) -> None:
    """Write a signed copy of `tagged`, which was made of the `original` clip.

    Credentials that the vendor gave the original stay inside, as those of what this one was made from.
    `tsa` is a time-stamping authority, the only thing that is asked over the network, or empty. Raises
    CogvidError.
    """
    opened = read(original) is not None
    manifest = json.dumps(_manifest(attempt, producer, opened=opened))
    try:
        with (
            make_context() as context,
            c2pa.Builder.from_json(manifest, context) as builder,
            c2pa.Signer.from_info(_signer(identity, tsa)) as signer,
            original.open("rb") as parent,
            tagged.open("rb") as source,
            into.open("x+b") as target,
        ):
            if opened:
                builder.add_ingredient_from_stream(json.dumps(_PARENT), MP4, parent)
            builder.sign(signer, MP4, source, target)
    except c2pa.C2paError as error:
        raise CogvidError(f"the clip cannot be signed: {error}") from error


def _manifest(attempt: Attempt, producer: str, *, opened: bool) -> dict[str, Any]:
    """What is claimed; what has credentials already was not created here, but `opened`."""
    action: dict[str, Any] = {
        "action": "c2pa.opened" if opened else "c2pa.created",
        "digitalSourceType": source_type(attempt),
        "softwareAgent": software_agent(attempt),
    }
    if opened:
        action["parameters"] = {"ingredientIds": [_ORIGINAL]}
    return {
        "claim_generator_info": [{"name": TOOL, "version": __version__}],
        "title": "clip.mp4",
        "format": MP4,
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": [action]}},
            {"label": GENERATION, "data": {**generation(attempt), "producer": producer}},
        ],
    }


def _signer(identity: Identity, tsa: str) -> c2pa.C2paSignerInfo:
    return c2pa.C2paSignerInfo(identity.algorithm, identity.chain, identity.key, tsa or None)
