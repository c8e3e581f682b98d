"""Clips that say how they were made, as a user has them made, checked and brought to other machines."""

import hashlib
import io
import os
import shlex
import stat
from pathlib import Path
from typing import Any

import av
import c2pa
import pytest

from cogvid_pipeline.provenance.trial import make_trial_identity
from tests import documents
from tests.project import Project
from tests.repository import git
from tests.vendor import Vendor

CAT = "  cat: {prompt: A cat plays.}\n"
CHAIN = CAT + "  nap: {prompt: It naps., image: {shot: cat, frame: last}}\n"
LABEL = "provenance: {producer: Example Studio}\n"
SIGNED = "provenance: {producer: Example Studio, certificate: certs/chain.pem}\n"
TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def give_certificate(project: Project, directory: str = "certs") -> None:
    """Write what `test-certificate` does, and put the key into the environment."""
    made = make_trial_identity()
    (project.root / directory).mkdir()
    for name, data in (("chain.pem", made.chain), ("anchor.pem", made.anchor), ("key.pem", made.key)):
        (project.root / directory / name).write_bytes(data)
    project.env["COGVID_SIGNING_KEY"] = str(project.root / directory / "key.pem")


@pytest.fixture
def film(project: Project) -> Project:
    """A shot, a certificate, and its key in the environment."""
    project.write(CAT, more=SIGNED)
    give_certificate(project)
    return project


def render(project: Project, name: str) -> bytes:
    return (project.root / f"renders/{name}.mp4").read_bytes()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def clip_in_lock(project: Project, name: str) -> dict[str, Any]:
    clip: dict[str, Any] = project.lock[name]["result"]["clip"]
    return clip


def state_and_actions(data: bytes) -> tuple[str, list[dict[str, Any]]]:
    """What the library's own reader says of a clip."""
    with c2pa.Reader("video/mp4", io.BytesIO(data)) as reader:
        manifest = reader.get_active_manifest()
        assertions = {each["label"]: each["data"] for each in manifest["assertions"]}
        return reader.get_validation_state(), assertions["c2pa.actions.v2"]["actions"]


def metadata(project: Project, name: str) -> dict[str, str]:
    with av.open(str(project.root / f"renders/{name}.mp4")) as container:
        return dict(container.metadata)


def clone_of(project: Project, root: Path) -> Project:
    """What a colleague gets from git: manifest, lock and certificate, and no key."""
    root.mkdir()
    clone = Project(root, project.vendor)
    for name in ("cogvid.yaml", "cogvid.lock", "certs/chain.pem"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes((project.root / name).read_bytes())
    return clone


# --- with a shared store ------------------------------------------------------------------------------


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    (tmp_path / "shelf").mkdir()
    return tmp_path / "shelf"


def test_a_colleague_reuses_the_clip_as_it_came_and_signs_it_with_another_key(
    film: Project, tmp_path: Path, shelf: Path, vendor: Vendor
) -> None:
    film.apply()
    film.env["COGVID_REMOTE"] = str(shelf)
    pushed = film.run("push")
    (tmp_path / "theirs").mkdir()
    theirs = Project(tmp_path / "theirs", vendor, env={"COGVID_REMOTE": str(shelf)})
    theirs.write(CAT, more=SIGNED)
    give_certificate(theirs)

    assert theirs.apply().code == 0
    assert pushed.out == f"{shelf}: 2 clips sent, 0 there already\n"
    assert len(vendor.posts) == 1
    assert clip_in_lock(theirs, "cat")["sha256"] == clip_in_lock(film, "cat")["sha256"]
    copy = clip_in_lock(theirs, "cat")["labelled"]
    assert copy["sha256"] == digest(render(theirs, "cat"))
    assert copy["sha256"] != clip_in_lock(film, "cat")["labelled"]["sha256"]
    assert state_and_actions(render(theirs, "cat"))[0] == "Valid"


@pytest.mark.parametrize("command", [("apply", "--yes"), ("pull",)], ids=lambda command: command[0])
def test_a_clone_without_the_key_gets_the_signed_copy(
    film: Project, tmp_path: Path, shelf: Path, command: tuple[str, ...]
) -> None:
    film.apply()
    film.env["COGVID_REMOTE"] = str(shelf)
    film.run("push")
    clone = clone_of(film, tmp_path / "clone")
    clone.env["COGVID_REMOTE"] = str(shelf)

    ran = clone.run(*command)

    assert ran.code == 0, ran.err
    assert render(clone, "cat") == render(film, "cat")
    assert clone.lock == film.lock
    assert clone.run("check").code == 0


def test_a_signed_copy_that_is_damaged_in_the_store_is_not_used(
    film: Project, tmp_path: Path, shelf: Path
) -> None:
    film.apply()
    film.env["COGVID_REMOTE"] = str(shelf)
    film.run("push")
    clone = clone_of(film, tmp_path / "clone")
    clone.env["COGVID_REMOTE"] = str(shelf)
    copy = clip_in_lock(film, "cat")["labelled"]["sha256"]
    damaged = shelf / f"clips/{copy[:2]}/{copy}.mp4"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"!")

    ran = clone.apply()

    assert ran.code == 0, ran.err
    assert "is damaged: its digest is not its name" in ran.err
    assert digest(render(clone, "cat")) == clip_in_lock(film, "cat")["sha256"]


# --- apply --------------------------------------------------------------------------------------------


def test_apply_signs_what_it_downloads_and_the_lock_knows_both_files(film: Project, vendor: Vendor) -> None:
    film.write(CHAIN, more=SIGNED)

    ran = film.apply("--json")

    assert ran.code == 0, ran.err
    for event in ran.events:
        documents.check("event", event)
    documents.check("lock", {"version": 1, "shots": film.lock})
    for name in ("cat", "nap"):
        clip = clip_in_lock(film, name)
        assert clip["labelled"]["sha256"] == digest(render(film, name)) != clip["sha256"]
        assert clip["labelled"]["bytes"] == len(render(film, name))
        assert clip["labelled"]["signed"] is True
        state, (action,) = state_and_actions(render(film, name))
        assert state == "Valid"
        assert (action["action"], action["digitalSourceType"]) == ("c2pa.created", TRAINED)
    came = clip_in_lock(film, "cat")["sha256"]
    assert film.lock["nap"]["result"]["request"]["image"] == [f"frame:sha256:{came}:last"]
    assert film.run("check").code == 0
    assert film.plan() == {"cat": "keep", "nap": "keep"}


def test_the_clip_that_came_stays_in_the_cache(film: Project) -> None:
    git(film.root, "init", "-q")
    film.apply()

    assert "cat" in film.lock
    cached = {path.stem for path in film.root.glob(".git/cogvid/clips/*/*.mp4")}
    assert {clip_in_lock(film, "cat")["sha256"], clip_in_lock(film, "cat")["labelled"]["sha256"]} <= cached
    assert film.run("gc", "--grace", "0", "--yes").code == 0
    assert {path.stem for path in film.root.glob(".git/cogvid/clips/*/*.mp4")} == cached


def test_a_removed_file_comes_back_as_it_was_signed(film: Project, vendor: Vendor) -> None:
    film.apply()
    before, lock = render(film, "cat"), film.lock
    (film.root / "renders/cat.mp4").unlink()

    assert film.plan()["cat"] == "fetch"
    assert film.apply().code == 0

    assert render(film, "cat") == before
    assert film.lock == lock
    assert len(vendor.accepted) == 1


def test_a_renamed_shot_keeps_its_signed_clip(film: Project) -> None:
    film.apply()
    before = render(film, "cat")
    film.write(CAT.replace("cat:", "tom:"), more=SIGNED)

    assert film.apply().code == 0

    assert render(film, "tom") == before
    assert clip_in_lock(film, "tom")["labelled"]["sha256"] == digest(before)


def test_without_a_certificate_clips_get_the_label_alone(project: Project) -> None:
    project.write(CAT, more=LABEL)

    ran = project.apply()

    assert ran.code == 0, ran.err
    assert "COGVID_SIGNING_KEY" not in ran.err
    assert '"Label":"1"' in metadata(project, "cat")["AIGC"]
    assert clip_in_lock(project, "cat")["labelled"]["signed"] is False
    assert project.run("check").code == 0


def test_the_page_shows_labelled_copies_of_clips_that_others_took_the_place_of(project: Project) -> None:
    for prompt in ("A cat plays.", "A cat sleeps."):
        project.write(f"  cat: {{prompt: {prompt}}}\n", more=LABEL)
        assert project.apply().code == 0
    entry = project.lock["cat"]
    copies = {entry[part]["clip"]["labelled"]["sha256"][:24] for part in ("result", "previous")}

    assert project.run("report").code == 0

    assert {clip.stem for clip in (project.root / "site" / "clips").iterdir()} == copies


def test_without_provenance_nothing_of_it_is_in_the_lock(project: Project) -> None:
    project.write(CAT)
    project.env["COGVID_SIGNING_KEY"] = "/nowhere"

    assert project.apply().code == 0

    assert "labelled" not in clip_in_lock(project, "cat")
    assert digest(render(project, "cat")) == clip_in_lock(project, "cat")["sha256"]


def test_previews_are_signed_as_drawn_and_not_as_made_by_a_model(film: Project) -> None:
    film.write("  cat: {prompt: A cat plays., size: 1280x720}\n", provider="preview", more=SIGNED)

    assert film.apply().code == 0

    _, (action,) = state_and_actions(render(film, "cat"))
    assert action["digitalSourceType"].endswith("/algorithmicMedia")
    assert "AIGC" not in metadata(film, "cat")


def test_a_key_that_does_not_fit_is_said_before_anything_is_bought(film: Project, vendor: Vendor) -> None:
    give_certificate(film, "stranger")

    ran = film.apply()

    assert ran.code == 64
    assert "is not that of the first certificate" in ran.err
    assert not vendor.posts


def test_a_clip_that_cannot_be_signed_is_not_lost(film: Project, vendor: Vendor) -> None:
    film.env["COGVID_TSA"] = "http://127.0.0.1:9/"

    ran = film.apply()

    assert ran.code == 0
    assert "warning: it lies there without a label: the clip cannot be signed" in ran.err
    assert digest(render(film, "cat")) == clip_in_lock(film, "cat")["sha256"]
    del film.env["COGVID_TSA"]
    assert film.run("credentials", "sign").out == "cat: signed\n"
    assert film.run("credentials", "verify").code == 0
    assert len(vendor.accepted) == 1


def test_the_key_is_in_no_file_no_lock_and_no_output(film: Project) -> None:
    key = (film.root / "certs/key.pem").read_text()
    film.env["COGVID_SIGNING_KEY"] = key
    runs = [film.apply(), film.run("credentials", "sign", "cat")]

    assert [ran.code for ran in runs] == [0, 0]
    secret = key.splitlines()[1]
    written = [path for path in film.root.rglob("*") if path.is_file() and path.name != "key.pem"]
    assert not [path for path in written if secret.encode() in path.read_bytes()]
    assert secret not in "".join(ran.out + ran.err for ran in runs)


# --- on other machines --------------------------------------------------------------------------------


def test_a_clone_without_the_key_gets_the_clip_as_it_came_and_says_so(
    film: Project, vendor: Vendor, tmp_path: Path
) -> None:
    film.apply()
    clone = clone_of(film, tmp_path / "clone")

    ran = clone.apply()

    assert ran.code == 0
    assert "COGVID_SIGNING_KEY is not set" in ran.err
    assert digest(render(clone, "cat")) == clip_in_lock(film, "cat")["sha256"]
    assert clone.lock == film.lock
    assert clone.run("check").code == 0
    assert clone.plan() == {"cat": "keep"}
    assert len(vendor.accepted) == 1


def test_a_clone_with_the_key_signs_again_and_the_lock_has_what_was_signed_last(
    film: Project, tmp_path: Path
) -> None:
    film.apply()
    clone = clone_of(film, tmp_path / "clone")
    clone.env = dict(film.env)

    assert clone.apply().code == 0

    mine, theirs = clip_in_lock(film, "cat"), clip_in_lock(clone, "cat")
    assert mine["sha256"] == theirs["sha256"]
    assert theirs["labelled"]["sha256"] == digest(render(clone, "cat")) != mine["labelled"]["sha256"]
    assert clone.run("check").code == 0
    assert clone.run("credentials", "verify").code == 0


# --- check and verify ---------------------------------------------------------------------------------


def change_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[data.index(b"mdat") + 100] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)


def test_a_tampered_clip_is_noticed_by_check_and_by_verify(film: Project) -> None:
    film.write(CHAIN, more=SIGNED)
    film.apply()
    change_a_byte(film.root / "renders/cat.mp4")

    assert film.run("check").out == (
        "cat: renders/cat.mp4 is not the clip in the lock; delete it, and apply brings the right one back\n"
    )
    ran = film.run("credentials", "verify")
    assert ran.code == 1
    assert "cat.mp4: was changed after it was signed" in ran.out
    assert "nap.mp4: valid" in ran.out
    assert "1 of 2 clips" in ran.err


def test_verify_tells_who_signed_and_what_made_the_clip(film: Project) -> None:
    film.apply()

    ran = film.run("credentials", "verify", "renders/cat.mp4")

    assert ran.code == 0
    assert "signed by cogvid test signer, not for real use, whose identity was not checked" in ran.out
    task = film.lock["cat"]["result"]["task_id"]
    assert ran.out.endswith(f"; trainedAlgorithmicMedia, cogvideox-3 via geekai, task {task}\n")


def test_verify_accepts_only_whom_the_list_of_trust_vouches_for(film: Project) -> None:
    film.apply()
    give_certificate(film, "others")

    assert film.run("credentials", "verify", "--trust", "certs/anchor.pem").code == 0
    ran = film.run("credentials", "verify", "--trust", "others/anchor.pem")
    assert ran.code == 1
    assert "whom nobody in --trust vouches for" in ran.out


def test_verify_needs_no_project_for_files(film: Project, tmp_path: Path) -> None:
    film.apply()
    elsewhere = Project(tmp_path / "elsewhere")
    elsewhere.root.mkdir()
    (elsewhere.root / "got.mp4").write_bytes(render(film, "cat"))
    (elsewhere.root / "notes.mp4").write_text("no video, and longer than the head of a box")

    assert elsewhere.run("credentials", "verify", "got.mp4").code == 0
    ran = elsewhere.run("credentials", "verify", "got.mp4", "notes.mp4", "none.mp4")
    assert ran.code == 1
    assert "notes.mp4: its credentials cannot be read" in ran.out
    assert "none.mp4: is not there" in ran.out


def test_a_project_without_clips_has_none_to_verify(film: Project) -> None:
    assert film.run("credentials", "verify").out == "there are no clips yet\n"


def test_a_signed_clip_of_another_shot_does_not_pass_for_this_one(film: Project) -> None:
    film.write(CHAIN, more=SIGNED)
    film.apply()
    (film.root / "renders/cat.mp4").write_bytes(render(film, "nap"))

    ran = film.run("credentials", "verify")

    assert ran.code == 1
    assert "cat.mp4: is made of another clip than the one in the lock" in ran.out


# --- sign and test-certificate ------------------------------------------------------------------------


def test_clips_that_were_there_before_are_signed_later(project: Project, vendor: Vendor) -> None:
    project.write(CAT)
    project.apply()
    project.write(CAT, more=SIGNED)
    give_certificate(project)

    ran = project.apply()
    assert ran.out == "Nothing to do: 1 up to date.\n"
    assert ran.err == "note: clips without a label: 1; `cogvid credentials sign` adds it\n"
    assert project.run("plan").err == ran.err
    assert "has no credentials" in project.run("credentials", "verify").out
    assert project.run("credentials", "sign").out == "cat: signed\n"

    assert project.run("credentials", "verify").code == 0
    assert project.run("check").code == 0
    assert project.run("credentials", "sign").out == "nothing to do\n"
    assert len(vendor.accepted) == 1


def test_a_shot_that_is_named_is_signed_anew(film: Project) -> None:
    film.write(CHAIN, more=SIGNED)
    film.apply()
    before = film.lock

    assert film.run("credentials", "sign", "nap").out == "nap: signed\n"

    assert film.lock["cat"] == before["cat"]
    assert film.lock["nap"] != before["nap"]
    assert film.run("check").code == 0


def test_a_label_becomes_a_signature_when_there_is_a_certificate(project: Project) -> None:
    project.write(CAT, more=LABEL)
    project.apply()
    project.write(CAT, more=SIGNED)
    give_certificate(project)

    assert project.run("credentials", "sign").out == "cat: signed\n"
    assert project.run("credentials", "verify").code == 0


def test_a_raw_clip_gives_way_to_the_signed_one_that_is_still_here(film: Project) -> None:
    film.apply()
    signed, lock = render(film, "cat"), film.lock
    path = film.root / "renders/cat.mp4"
    path.unlink()
    path.write_bytes(next(film.root.rglob(f"{clip_in_lock(film, 'cat')['sha256']}.mp4")).read_bytes())

    assert film.run("credentials", "sign").out == "cat: signed\n"

    assert path.read_bytes() == signed
    assert film.lock == lock


@pytest.mark.parametrize(
    ("more", "key", "code", "said"),
    [
        ("", "", 64, "the manifest does not say in whose name"),
        (SIGNED, "", 64, "COGVID_SIGNING_KEY is not set"),
        (SIGNED, "/nowhere/key.pem", 64, "the file that COGVID_SIGNING_KEY names cannot be read"),
    ],
)
def test_signing_says_what_it_lacks(film: Project, more: str, key: str, code: int, said: str) -> None:
    film.write(CAT, more=more)
    film.env["COGVID_SIGNING_KEY"] = key

    ran = film.run("credentials", "sign")

    assert ran.code == code
    assert said in ran.err


def test_a_clip_that_is_not_here_cannot_be_signed(film: Project, tmp_path: Path) -> None:
    film.apply()
    clone = clone_of(film, tmp_path / "clone")
    clone.env = dict(film.env)

    ran = clone.run("credentials", "sign")

    assert ran.code == 1
    assert "its clip is not here" in ran.err
    assert "cogvid apply" in ran.err


def test_a_lock_in_conflict_is_not_signed_into(film: Project) -> None:
    film.apply()
    path = film.root / "cogvid.lock"
    version = '  "version": 1\n'
    conflict = f"<<<<<<< a\n{version}=======\n{version}>>>>>>> b\n"
    path.write_text(path.read_text().replace(version, conflict))

    ran = film.run("credentials", "sign", "cat")

    assert ran.code == 1
    assert "a merge has left conflicts in cogvid.lock" in ran.err


def test_a_test_certificate_signs_once_the_printed_variable_is_set(project: Project) -> None:
    git(project.root, "init", "-q")
    project.write(CAT, more=SIGNED)

    ran = project.run("credentials", "test-certificate", "certs")

    assert ran.code == 0
    assert "not for real use" in ran.err
    project.env.update(each.split("=", 1) for each in shlex.split(ran.out)[1:])
    assert project.apply().code == 0
    assert project.run("credentials", "verify", "--trust", "certs/anchor.pem").code == 0
    assert stat.S_IMODE((project.root / "certs/key.pem").stat().st_mode) == 0o600
    assert "key.pem" not in git(project.root, "status", "--short", "--untracked-files=all")
    again = project.run("credentials", "test-certificate", "certs")
    assert again.code == 64
    assert "is there already" in again.err


@pytest.mark.parametrize("arguments", [("sign",), ("verify", "cat.mp4"), ("test-certificate", "more")])
def test_without_the_extra_one_line_says_what_to_install(film: Project, arguments: tuple[str, ...]) -> None:
    for missing in ("c2pa", "cryptography"):
        (film.root / f"without/{missing}").mkdir(parents=True)
        (film.root / f"without/{missing}/__init__.py").write_text(
            f"raise ModuleNotFoundError('no', name={missing!r})"
        )
    film.env["PYTHONPATH"] = os.pathsep.join([str(film.root / "without"), os.environ.get("PYTHONPATH", "")])

    ran = film.run("credentials", *arguments)

    assert ran.code == 1
    assert "which is not installed" in ran.err
    assert "pip install 'cogvid-pipeline[credentials]'" in ran.err
