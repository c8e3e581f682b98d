"""Whatever a file holds, loading it gives a storyboard or problems."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7

from cogvid_pipeline.manifest.load import LoadOptions, load
from cogvid_pipeline.manifest.schema import Schemas
from cogvid_pipeline.manifest.source import read
from cogvid_pipeline.manifest.text import Text
from cogvid_pipeline.packaged import schemas_directory
from cogvid_pipeline.report.problems import as_github, as_json, as_sarif, as_text

CASES = Path(__file__).parents[2] / "cases" / "accepted"
QUICKSTART = (CASES / "quickstart.yaml").read_text(encoding="utf-8")
SCHEMAS = Schemas(schemas_directory())

examples = settings(
    max_examples=5_000 if os.environ.get("COGVID_NIGHTLY") else 120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# Keys and values that get past the first checks more often than chance does.
WORDS = """
    version project title provider output vars prompts defaults budget prices shots model prompt image quality
    with_audio size fps duration watermark tags shot frame max_cost currency amount walk x-a negative_prompt
    include environments remote sequence matrix exclude takes pick take protect freeze depends_on in out
    transition type arrival
""".split()  # noqa: SIM905
KEYS = st.sampled_from(WORDS) | st.text(max_size=5)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        [
            *("cogvideox-3", "speed", "quality", "1920x1080", "walk", "last", "{{ hero }}", "CNY", 1, 5, 30),
            *("{{ matrix.walk }}", "walk.walk", "walk.1", "arrival", "*.yaml", "s3://walk", "dissolve", 2.0),
        ]
    )
    | st.text(max_size=8)
)
DATA = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
PIECES = st.sampled_from(
    [
        *"{}[]:,&*!|>#%@'\"-?~\t\n\r\0",
        "\u2028",
        "\x85",
        "\ufeff",
        "{{",
        "}}",
        "{%",
        "<<: ",
        "&a ",
        "*a",
        "---\n",
        ": ",
        "0x",
        ".inf",
    ]
)

PLACES = [(), ("defaults",), ("shots",), ("shots", "walk"), ("environments", "final"), ("sequence", 0)]


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return tmp_path / "cogvid.yaml"


def check(manifest: Path, content: bytes) -> None:
    manifest.write_bytes(content)

    loaded = load(manifest, schemas=schemas_directory(), options=LoadOptions())

    errors = [problem for problem in loaded.problems if problem.severity == "error"]
    assert (loaded.storyboard is None) == bool(errors)
    assert all(problem.message and problem.hint for problem in loaded.problems)
    assert all(problem.location.line >= 1 and problem.location.column >= 1 for problem in loaded.problems)
    for report in (as_text, as_json, as_github, as_sarif):
        report(loaded.problems).encode("utf-8")


@examples
@given(content=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(manifest: Path, content: bytes) -> None:
    check(manifest, content)


@examples
@given(content=st.text(max_size=200))
def test_any_text_is_read_or_refused(manifest: Path, content: str) -> None:
    check(manifest, content.encode("utf-8", "surrogatepass"))


@examples
@given(pieces=st.lists(PIECES | KEYS | st.sampled_from(["\n  ", "\n    "]), max_size=30))
def test_any_yaml_signs_are_read_or_refused(manifest: Path, pieces: list[str]) -> None:
    check(manifest, "".join(pieces).encode("utf-8", "surrogatepass"))


@examples
@given(data=DATA, flow=st.booleans())
def test_any_data_is_read_or_refused(manifest: Path, data: Any, flow: bool) -> None:
    check(manifest, yaml.safe_dump(data, default_flow_style=flow, allow_unicode=True).encode())


@examples
@given(key=KEYS, data=DATA, where=st.sampled_from(PLACES))
def test_any_value_anywhere_in_a_manifest_is_read_or_refused(
    manifest: Path, key: str, data: Any, where: tuple[str, ...]
) -> None:
    whole = {**yaml.safe_load(QUICKSTART), "environments": {"final": {}}, "sequence": [{"shot": "walk"}]}
    here = whole
    for step in where:
        here = here[step]
    here[key] = data

    check(manifest, yaml.safe_dump(whole, allow_unicode=True, sort_keys=False).encode())


@examples
@given(
    edits=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 12), PIECES | st.sampled_from([*WORDS, ""])),
        min_size=1,
        max_size=3,
    )
)
def test_any_edit_of_a_valid_manifest_is_read_or_refused(
    manifest: Path, edits: list[tuple[float, int, str]]
) -> None:
    text = QUICKSTART
    for share, length, piece in edits:
        start = int(share * len(text))
        text = text[:start] + piece + text[start + length :]

    check(manifest, text.encode())


@examples
@given(
    act=DATA | st.dictionaries(st.sampled_from(["vars", "prompts", "shots"]), DATA),
    pattern=st.text(max_size=9),
)
def test_anything_that_is_included_is_read_or_refused(manifest: Path, act: Any, pattern: str) -> None:
    (manifest.parent / "act.yaml").write_text(yaml.safe_dump(act), encoding="utf-8")
    whole = {**yaml.safe_load(QUICKSTART), "include": ["act.yaml", f"*{pattern}"]}

    check(manifest, yaml.safe_dump(whole, allow_unicode=True, sort_keys=False).encode())


@examples
@given(data=st.dictionaries(KEYS, DATA, max_size=6), shot=DATA)
@example(data={"version": True}, shot={})
@example(data={"version": 1.0}, shot={"fps": 30.0, "duration": False})
def test_both_validators_agree_on_any_document(data: dict[str, Any], shot: Any) -> None:
    document = {"version": 1, **data, "shots": {"walk": shot}}
    registry = Registry(retrieve=lambda uri: DRAFT7.create_resource(SCHEMAS.read(uri)))

    thorough = Draft7Validator(SCHEMAS.manifest, registry=registry).is_valid(document)

    assert SCHEMAS.accepts(document) is thorough


@examples
@given(data=st.dictionaries(KEYS, DATA, max_size=4))
def test_data_comes_back_as_it_was_written(data: dict[str, Any]) -> None:
    document, _ = read(Text("cogvid.yaml", json.dumps(data)))

    if document is not None:
        assert document.data == data
