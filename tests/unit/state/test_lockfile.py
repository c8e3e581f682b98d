"""The lock: what is written can be read, what others did to it survives, what is wrong is refused."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import Attempt, Clip, Labelled, Lock, LockEntry, State
from cogvid_pipeline.model.shot import Money
from cogvid_pipeline.state import locksides
from cogvid_pipeline.state.lockfile import LockFile, read_lock
from tests.attempts import hex_digest, make_attempt, make_unfinished

# A lock with an entry that has all there can be.
EXAMPLE = """\
{
  "shots": {
    "walk": {
      "result": {
        "base_url": "https://geekai.co/api/v1",
        "clip": {
          "audio": false,
          "bytes": 1,
          "duration": 5.0,
          "fps": 30,
          "height": 1080,
          "path": "renders/walk.mp4",
          "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
          "width": 1920
        },
        "completed_at": "2026-11-22T10:03:00.000+00:00",
        "cost": {
          "amount": 1.0,
          "currency": "CNY"
        },
        "created_at": "2026-11-22T10:00:00.000+00:00",
        "fingerprint": "sha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
        "provider": "geekai",
        "request": {
          "image": [
            "frame:sha256:fd61a03af4f77d870fc21e05e7e80678095c92d808cfb3b5c279ee04c74aca13:last"
          ],
          "model": "cogvideox-3",
          "prompt": "狐狸 walks on.",
          "quality": "speed"
        },
        "request_id": "5f0c8e1e-6b0f-4c38-9a61-3f2f0f8f9a11",
        "task_id": "036f6493-0000-4000-8000-000000000000",
        "url": "https://static.geekai.co/video/ef39.mp4"
      },
      "status": "succeeded"
    }
  },
  "version": 1
}
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cogvid.lock"


def write(path, **entries):
    lock = LockFile(path, "renders")
    for name, entry in entries.items():
        lock.put(name, entry)
    lock.flush()


def refusal(path, text):
    """What is said of a lock file with this text."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(StateError) as caught:
        read_lock(path)
    return str(caught.value).removeprefix(str(path)), caught.value.hint


def edited(change):
    """The example after `change` did something to its data."""
    data = json.loads(EXAMPLE)
    change(data["shots"]["walk"])
    return json.dumps(data, indent=2)


def test_the_example_of_the_design_is_read(path):
    path.write_text(EXAMPLE)

    entry = read_lock(path).entries["walk"]

    assert entry.status == "succeeded"
    assert entry.result.state is State.SUCCEEDED
    assert entry.result.request["prompt"] == "狐狸 walks on."
    assert entry.result.clip == Clip(hex_digest("test"), 1, 1920, 1080, 30.0, 5.0, audio=False)
    assert entry.result.cost == Money(Decimal("1.0"), "CNY")


def test_the_example_of_the_design_is_written(path, tmp_path):
    path.write_text(EXAMPLE)
    copy = tmp_path / "copy.lock"

    write(copy, **read_lock(path).entries)

    assert copy.read_text() == EXAMPLE


def test_a_missing_lock_is_empty(path):
    assert read_lock(path) == Lock({}, "")
    assert not path.exists()


def test_the_digest_is_that_of_the_bytes(path):
    path.write_text(EXAMPLE)

    assert read_lock(path).digest == hex_digest(EXAMPLE)


def test_a_lock_without_shots_is_written_and_read(path):
    write(path, walk=LockEntry(make_attempt()))

    write(path, walk=None)

    assert path.read_text() == '{\n  "shots": {},\n  "version": 1\n}\n'
    assert read_lock(path).entries == {}


@pytest.mark.parametrize(
    ("state", "status", "read_as"),
    [
        (State.ACCEPTED, "submitted", State.ACCEPTED),
        (State.ADOPTED, "submitted", State.ACCEPTED),
        (State.SUCCEEDED, "submitted", State.ACCEPTED),
        (State.INTENT, "held", State.HELD),
        (State.HELD, "held", State.HELD),
        (State.FAILED, "failed", State.FAILED),
        (State.REFUSED, "failed", State.FAILED),
        (State.RELEASED, "failed", State.FAILED),
    ],
)
def test_a_new_attempt_stands_beside_the_old_result(path, state, status, read_as):
    old, new = make_attempt("old"), make_unfinished("new", state, task_id="t", error="vendor's words")

    write(path, walk=LockEntry(result=old, pending=new))

    entry = read_lock(path).entries["walk"]
    assert entry == LockEntry(result=old, pending=replace(new, state=read_as))
    assert json.loads(path.read_text())["shots"]["walk"]["status"] == entry.status == status


def test_the_result_before_is_kept_without_a_path(path):
    entry = LockEntry(result=make_attempt("new"), previous=make_attempt("old"))

    write(path, **{"walk@2": entry})

    assert read_lock(path).entries == {"walk@2": entry}
    data = json.loads(path.read_text())["shots"]["walk@2"]
    assert data["result"]["clip"]["path"] == "renders/walk@2.mp4"
    assert "path" not in data["previous"]["clip"]


def test_what_was_made_of_a_clip_stands_beside_what_came(path):
    signed = Labelled(hex_digest("signed"), 1100, signed=True)
    former = {"previous": make_attempt("old"), "previous_labelled": replace(signed, bytes=900)}
    walk = LockEntry(result=make_attempt(), labelled=signed, **former)

    write(path, walk=walk)

    assert read_lock(path).entries == {"walk": walk}
    clip = json.loads(path.read_text())["shots"]["walk"]["result"]["clip"]
    assert clip["sha256"] == walk.result.clip.sha256
    assert clip["labelled"] == {"bytes": 1100, "sha256": hex_digest("signed"), "signed": True}


def test_a_path_in_the_lock_is_not_believed(path):
    text = edited(lambda walk: walk["result"]["clip"].update(path="../../etc/passwd"))
    path.write_text(text)
    assert "walk" in read_lock(path).entries

    write(path, walk=replace(read_lock(path).entries["walk"], previous=make_attempt("old")))

    assert "passwd" not in path.read_text()


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://cdn.example.com/a%20b/clip.mp4?sig=SECRET&exp=1", "https://cdn.example.com/a%20b/clip.mp4"),
        ("https://cdn.example.com/clip.mp4#SECRET", "https://cdn.example.com/clip.mp4"),
        ("https://user:SECRET@cdn.example.com:8443/clip.mp4", "https://cdn.example.com:8443/clip.mp4"),
        ("https://[SECRET/clip.mp4", ""),
    ],
)
def test_the_secret_part_of_an_address_is_not_written(path, url, kept):
    write(path, walk=LockEntry(make_attempt(url=url, base_url=url)))

    result = read_lock(path).entries["walk"].result
    assert (result.url, result.base_url) == (kept, kept)
    assert "SECRET" not in path.read_text()


def test_half_a_surrogate_pair_from_a_vendor_does_not_stop_the_writing(path):
    write(path, walk=LockEntry(pending=make_unfinished(state=State.FAILED, error="no \ud83d")))

    assert read_lock(path).entries["walk"].pending.error == "no ?"


def test_untouched_entries_keep_their_bytes(path):
    write(path, arrival=LockEntry(make_attempt("arrival")), walk=LockEntry(make_attempt()))
    result = json.dumps(json.loads(EXAMPLE)["shots"]["walk"]["result"])
    odd = f'{{"status":"succeeded",\t"result" : {result}, "from a later version": [1.50, {{"deep": null}}]}}'
    data = path.read_text()
    start = data.index('"arrival": ') + len('"arrival": ')
    path.write_text(data[:start] + odd + data[data.index(',\n    "walk"') :])

    write(path, walk=LockEntry(make_attempt("another")))

    assert f'    "arrival": {odd},\n    "walk": {{\n' in path.read_text()
    assert read_lock(path).entries["walk"].result == make_attempt("another")


def test_members_of_the_root_that_are_not_known_stay(path):
    path.write_text('{"shots": {}, "version": 1, "note": [1, 2.50]}')

    write(path, walk=LockEntry(make_attempt()))

    assert path.read_text().startswith('{\n  "note": [1, 2.50],\n  "shots": {\n    "walk": {\n')


def test_what_others_wrote_meanwhile_is_kept(path):
    write(path, arrival=LockEntry(make_attempt("arrival")))
    ours = LockFile(path, "renders")
    ours.put("walk", LockEntry(make_attempt("walk")))

    write(path, arrival=None, morph=LockEntry(make_attempt("morph")))
    ours.flush()

    assert set(read_lock(path).entries) == {"morph", "walk"}


def test_what_was_written_once_is_not_written_again(path):
    ours = LockFile(path, "renders")
    ours.put("walk", LockEntry(make_attempt("walk")))
    ours.flush()

    write(path, walk=None)
    ours.flush()

    assert read_lock(path).entries == {}


def test_what_others_wrote_between_two_writes_is_kept(path):
    ours = LockFile(path, "renders")
    ours.put("walk", LockEntry(make_attempt("walk")))
    ours.flush()

    write(path, morph=LockEntry(make_attempt("morph")))
    ours.put("arrival", LockEntry(make_attempt("arrival")))
    ours.flush()

    assert set(read_lock(path).entries) == {"arrival", "morph", "walk"}


def test_a_lock_is_taken_apart_once_however_often_it_is_written(path, monkeypatch):
    write(path, **{f"shot-{number}": LockEntry(make_attempt(f"{number}")) for number in range(50)})
    decoded = []
    decode = json.JSONDecoder.raw_decode
    monkeypatch.setattr(
        json.JSONDecoder, "raw_decode", lambda *args: decoded.append(args[2]) or decode(*args)
    )
    ours = LockFile(path, "renders")

    for number in range(20):
        ours.put(f"shot-{number}", LockEntry(make_attempt("again")))
        ours.flush()

    assert len(decoded) == 50 + 1  # the entries, and the version
    assert read_lock(path).entries["shot-19"] == LockEntry(make_attempt("again"))


def test_a_lock_that_could_not_be_read_again_is_not_written(path, monkeypatch):
    write(path, walk=LockEntry(make_attempt()))
    before = path.read_bytes()
    monkeypatch.setattr(locksides, "_LARGEST", len(before) + 100)

    with pytest.raises(StateError, match="would be larger") as refused:
        write(path, morph=LockEntry(make_attempt("morph")))

    assert "make several manifests" in refused.value.hint
    assert path.read_bytes() == before


def test_entries_are_sorted_whatever_the_order_of_writing(path, tmp_path):
    entries = {name: LockEntry(make_attempt(name)) for name in ("b", "a", "c@2", "a.x-y", "c")}

    write(path, **entries)
    for name in sorted(entries):
        write(tmp_path / "other.lock", **{name: entries[name]})

    assert path.read_text() == (tmp_path / "other.lock").read_text()
    assert json.dumps(json.loads(path.read_text()), indent=2, sort_keys=True, ensure_ascii=False) + "\n" == (
        path.read_text()
    )


def test_a_lock_that_would_stay_the_same_is_not_written(path):
    write(path, walk=LockEntry(make_attempt()))
    before = path.stat()

    write(path, walk=LockEntry(make_attempt()), gone=None)
    LockFile(path, "renders").flush()

    assert path.stat().st_ino == before.st_ino
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_flushing_nothing_makes_no_file(path):
    LockFile(path, "renders").flush()

    assert not path.exists()


def test_what_could_not_be_written_is_written_with_the_next_flush(path):
    lock = LockFile(path, "renders")
    lock.put("walk", LockEntry(make_attempt()))
    path.mkdir()
    with pytest.raises(StateError, match="cannot read"):
        lock.flush()

    path.rmdir()
    lock.flush()

    assert "walk" in read_lock(path).entries


def test_a_broken_lock_is_not_written_over(path):
    path.write_text("broken")
    with pytest.raises(StateError):
        write(path, walk=LockEntry(make_attempt()))

    assert path.read_text() == "broken"


@pytest.mark.parametrize("mark", ["\ufeff", "\n\n"])
def test_a_mark_or_blank_lines_at_the_start_do_no_harm(path, mark):
    path.write_text(mark + EXAMPLE)

    assert "walk" in read_lock(path).entries


def test_a_lock_with_windows_line_ends_is_read(path):
    path.write_bytes(EXAMPLE.replace("\n", "\r\n").encode())

    assert "walk" in read_lock(path).entries


def test_a_later_version_is_refused_by_its_number(path):
    message, hint = refusal(path, '{"shots": ["another form"], "version": 2}')

    assert message == " has version 2; this cogvid reads version 1"
    assert hint == "upgrade cogvid"


def test_what_looks_like_a_conflict_marker_inside_of_text_is_none(path):
    write(path, walk=LockEntry(make_attempt(request={"model": "cogvideox-3", "prompt": "a <<<<<<< b"})))

    assert "walk" in read_lock(path).entries


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1: not a lock of cogvid: expected an object"),
        ("[]", "1: not a lock of cogvid: expected an object"),
        ("{", "1: not a lock of cogvid: expected a name in double quotes"),
        ('{"shots": {}\n "version": 1}', "1: not a lock of cogvid: expected a comma or a closing brace"),
        ('{"shots": {},\n}', "1: not a lock of cogvid: expected a name in double quotes"),
        ('{"shots": {"a": nonsense}}', "1: not a lock of cogvid: Expecting value"),
        ('{"shots": {}, "version": 1}\nmore', "1: not a lock of cogvid: there is something behind the end"),
        ('{"shots": {},\n"shots": {}}', "2: not a lock of cogvid: 'shots' is there twice"),
        (
            '{"shots": {"a": {},\n"z": {"b": 1, "b": 2}}}',
            "2: not a lock of cogvid: 'b' is there twice in one object",
        ),
        ('{"version": 1}', "1: not a lock of cogvid: it has no object named shots"),
        ('{"version": 1, "shots": []}', "1: not a lock of cogvid: it has no object named shots"),
        ('{"shots": {}}', "1: not a lock of cogvid: its version is not 1"),
        ('{"shots": {}, "version": true}', "1: not a lock of cogvid: its version is not 1"),
        ('{"shots": {}, "version": "1"}', "1: not a lock of cogvid: its version is not 1"),
        ('{"shots": {},\n"version": 0}', "2: not a lock of cogvid: its version is not 1"),
        ('{"x": NaN, "shots": {}, "version": 1}', "1: not a lock of cogvid: NaN is not allowed in JSON"),
        ('{"x": 1e999, "shots": {}, "version": 1}', "1: not a lock of cogvid: 1e999 is too large a number"),
        (
            '{"x": "\\ud800", "shots": {}, "version": 1}',
            "1: not a lock of cogvid: 'utf-8' codec can't encode",
        ),
        (b'{\n"x": "\xff"}', "2: not a lock of cogvid: it is not UTF-8"),
        ('{"x": ' + "[" * 100_000, "1: not a lock of cogvid: it is nested too deeply"),
        ('{"x": ' + "9" * 5000 + "}", "1: not a lock of cogvid: Exceeds the limit"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "bytes",
)
def test_a_file_that_is_no_lock_is_refused(path, text, said):
    message, hint = refusal(path, text)

    assert message.startswith(f":{said}")
    assert "last good version" in hint


BIG = 10**15


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda walk: walk.update(status="succeded"), "status has no pending attempt and no result"),
        (lambda walk: walk.pop("status"), "status has no pending attempt and no result"),
        (lambda walk: walk.pop("result"), "status has no pending attempt and no result"),
        (lambda walk: walk.update(status="held"), "status has no pending attempt and no result"),
        (lambda walk: walk.update(pending={}), "status is not one of submitted, failed, held"),
        (lambda walk: walk.update(pending={}, status=[]), "status is not one of submitted, failed, held"),
        (lambda walk: walk.update(pending=7, status="held"), "pending is not an object"),
        (lambda walk: walk.update(pending={}, status="held"), "pending.fingerprint is missing"),
        (
            lambda walk: walk.update(pending={**walk["result"], "task_id": ""}, status="submitted"),
            "pending.task_id is missing",
        ),
        (lambda walk: walk.update(previous=None), "previous is not an object"),
        (lambda walk: walk.update(result=[]), "result is not an object"),
        (lambda walk: walk["result"].pop("clip"), "result.clip is missing"),
        (lambda walk: walk["result"].update(clip="x"), "result.clip is not an object"),
        (
            lambda walk: walk["result"].update(fingerprint="sha256:AB"),
            "result.fingerprint does not have the form",
        ),
        (lambda walk: walk["result"].update(provider=""), "result.provider is missing"),
        (lambda walk: walk["result"].pop("request_id"), "result.request_id is missing"),
        (lambda walk: walk["result"].update(url=None), "result.url is not text"),
        (lambda walk: walk["result"].update(request="x"), "result.request is not an object"),
        (
            lambda walk: walk["result"]["request"].update(prompt=None),
            "result.request.prompt is not text",
        ),
        (
            lambda walk: walk["result"]["request"].update(image=[[]]),
            "result.request.image is not a list of text",
        ),
        (
            lambda walk: walk["result"]["request"].update(image={}),
            "result.request.image is not a list of text",
        ),
        (
            lambda walk: walk["result"]["request"].update(image=5),
            "result.request.image is not a list of text",
        ),
        (lambda walk: walk["result"]["request"].update(fps=[]), "result.request.fps is not text, a number"),
        (lambda walk: walk["result"]["request"].pop("model"), "result.request.model is missing"),
        (
            lambda walk: walk["result"]["clip"].update(sha256="../x"),
            "result.clip.sha256 does not have the form",
        ),
        (
            lambda walk: walk["result"]["clip"].update(sha256="a" * 64 + "\n"),
            "result.clip.sha256 does not have",
        ),
        (lambda walk: walk["result"]["clip"].update(audio=0), "result.clip.audio is not true or false"),
        (lambda walk: walk["result"]["clip"].update(bytes=-1), "result.clip.bytes is not a whole number"),
        (lambda walk: walk["result"]["clip"].update(width=1.5), "result.clip.width is not a whole number"),
        (lambda walk: walk["result"]["clip"].update(height=True), "result.clip.height is not a whole number"),
        (lambda walk: walk["result"]["clip"].update(bytes=BIG), "result.clip.bytes is not a whole number"),
        (lambda walk: walk["result"]["clip"].update(fps="30"), "result.clip.fps is not a number"),
        (lambda walk: walk["result"]["clip"].update(duration=True), "result.clip.duration is not a number"),
        (
            lambda walk: walk["result"]["clip"].update(labelled="x"),
            "result.clip.labelled is not an object",
        ),
        (
            lambda walk: walk["result"]["clip"].update(
                labelled={"sha256": "../x", "bytes": 1, "signed": True}
            ),
            "result.clip.labelled.sha256 does not have the form",
        ),
        (
            lambda walk: walk["result"]["clip"].update(labelled={"sha256": "a" * 64, "bytes": 1}),
            "result.clip.labelled.signed is not true or false",
        ),
        (lambda walk: walk["result"].update(cost=1), "result.cost is not an object"),
        (lambda walk: walk["result"]["cost"].update(amount="1"), "result.cost.amount is not a number"),
        (lambda walk: walk["result"]["cost"].update(amount=-1), "result.cost.amount is not a number"),
        (lambda walk: walk["result"]["cost"].update(currency=""), "result.cost.currency is missing"),
    ],
)
def test_an_entry_that_is_wrong_is_shown_with_its_line_and_field(path, change, said):
    message, hint = refusal(path, edited(change))

    assert message.startswith(f":3: not a lock of cogvid: shots.walk.{said}")
    assert "last good version" in hint


@pytest.mark.parametrize(
    "name", ["", "..", "../walk", "a/b", "Walk", "walk@0", "walk@", "walk@2@3", "a\n", ".hidden", "a" * 300]
)
def test_a_name_that_is_no_name_of_a_take_is_refused(path, name):
    text = EXAMPLE.replace('"walk"', json.dumps(name))

    assert "not a lock of cogvid" in refusal(path, text)[0]


def test_a_lock_that_is_too_large_is_refused(path):
    with path.open("wb") as file:
        file.truncate(256 * 1024 * 1024 + 1)

    with pytest.raises(StateError, match="larger than 256 MiB"):
        read_lock(path)


def test_a_lock_that_is_an_endless_device_is_refused(path):
    path.symlink_to("/dev/zero")

    with pytest.raises(StateError, match="larger than 256 MiB"):
        read_lock(path)


names = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}(\.[a-z0-9-]{1,9})?(@[2-9])?", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
numbers = st.floats(0, 1e6, allow_nan=False)
whole = st.integers(0, 10**12)
scalars = texts | st.booleans() | st.integers(-(10**9), 10**9) | numbers
clips = st.builds(Clip, digests, whole, whole, whole, numbers, numbers, st.booleans())
requests = st.fixed_dictionaries(
    {"model": words},
    optional={"prompt": texts, "image": st.lists(texts, max_size=2), "size": scalars, "fps": scalars},
)
costs = st.builds(
    Money, st.decimals(0, 9999, places=3).map(lambda amount: Decimal(str(float(amount)))), words
)


def attempts(states, clip):
    return st.builds(
        Attempt,
        state=states,
        fingerprint=digests.map("sha256:".__add__),
        request=requests,
        provider=words,
        base_url=st.just("https://vendor.example.com/v1"),
        request_id=words,
        task_id=words,
        url=st.sampled_from(["", "https://cdn.example.com/clip.mp4"]),
        clip=clip,
        cost=st.none() | costs,
        created_at=texts,
        completed_at=texts,
        error=texts,
    )


results = attempts(st.just(State.SUCCEEDED), clips)
unfinished = attempts(st.sampled_from([State.ACCEPTED, State.FAILED, State.HELD]), st.none())
labels = st.builds(Labelled, digests, whole, st.booleans())
entries = st.builds(
    LockEntry, results, st.none() | unfinished, st.none() | results, st.none() | labels
) | st.builds(LockEntry, st.none(), unfinished, st.none())


@settings(deadline=None)
@given(st.dictionaries(names, entries, max_size=4), st.dictionaries(names, entries, max_size=2))
def test_whatever_is_written_is_read_again(tmp_path_factory, first, second):
    path = tmp_path_factory.mktemp("lock") / "cogvid.lock"

    write(path, **first)
    write(path, **second)

    assert read_lock(path).entries == {**first, **second}


@settings(deadline=None)
@given(st.data())
def test_whatever_is_done_to_a_lock_it_is_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("lock") / "cogvid.lock"
    text = bytearray(EXAMPLE.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 40)))
        text[start:end] = data.draw(
            st.sampled_from([b"", b"{", b"}", b"[", b'"', b"null", b"-1", b"1e400", b"\\ud8"]) | st.binary()
        )
    path.write_bytes(text)

    try:
        entries = read_lock(path).entries
    except StateError:
        return
    write(path, **{name: replace(entry, previous=None) for name, entry in entries.items()})
    assert set(read_lock(path).entries) == set(entries)


def test_a_lock_that_cannot_be_read_is_named(path):
    path.mkdir()

    with pytest.raises(StateError, match=f"cannot read {path}: Is a directory"):
        read_lock(path)
