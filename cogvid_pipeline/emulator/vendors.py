"""What sets the vendors' APIs apart: their paths and what they call things."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Api:
    """One vendor's API.

    `path` is that of its base URL, `results` what a task's id follows when it is asked for. `image` and
    `watermark` are the vendor's names of those parameters. `coded` says that it numbers its errors, asks for
    nothing with `null`, and knows request ids; otherwise an error's code is its HTTP status. `models` are
    those that it serves.
    """

    name: str
    path: str
    results: str
    image: str
    watermark: str
    coded: bool
    models: tuple[str, ...]


GEEKAI = Api(
    name="geekai",
    path="/api/v1",
    results="/videos/",
    image="image",
    watermark="watermark",
    coded=False,
    models=("cogvideox-3", "cogvideox-2", "cogvideox-flash"),
)
BIGMODEL = Api(
    name="bigmodel",
    path="/api/paas/v4",
    results="/async-result/",
    image="image_url",
    watermark="watermark_enabled",
    coded=True,
    models=("cogvideox-3", "cogvideox-2", "cogvideox-flash"),
)
ZAI = replace(BIGMODEL, name="zai", models=("cogvideox-3",))

APIS = {api.name: api for api in (GEEKAI, BIGMODEL, ZAI)}


def base_path(api: Api) -> str:
    """Where a vendor's API begins on an emulator, which has them side by side."""
    return f"/{api.name}{api.path}"
