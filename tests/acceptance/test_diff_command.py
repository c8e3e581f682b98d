"""`cogvid diff`: how the storyboard differs from a revision, with the work tree left alone."""

import hashlib
from pathlib import Path

import pytest
from PIL import Image

from tests.clips import picture_file
from tests.documents import check
from tests.project import Project
from tests.repository import commit, git, write

CAT = "  cat: {prompt: A cat plays.}\n"
LION = "  cat: {prompt: A lion plays.}\n"
NAP = "  nap: {prompt: It naps., image: {shot: cat, frame: last}}\n"
PNG = picture_file(Image.new("RGB", (1080, 1080)))


@pytest.fixture
def film(tmp_path: Path) -> Project:
    """A project in a directory of a repository, whose first commit has a cat and its nap."""
    root = tmp_path / "repository" / "film"
    root.mkdir(parents=True)
    git(tmp_path / "repository", "init", "-q", "-b", "main")
    project = Project(root)
    project.write(CAT + NAP)
    save(project)
    return project


def save(project: Project) -> None:
    git(project.root, "add", "--all")
    git(project.root, "commit", "-q", "-m", "Change")


def test_the_story_is_told_shot_by_shot(film: Project) -> None:
    film.write("  new: {prompt: A bird sings.}\n" + LION + NAP)

    ran = film.run("diff")

    assert ran.code == 0
    assert ran.out == (
        "  + new  added\n"
        '        prompt: "A bird sings."\n'
        "  ~ cat  prompt changed\n"
        '        prompt: "A [-cat-]{+lion+} plays."\n'
        "  > nap  its frame of cat will be another\n"
        "\n"
        "Different: 1 added, 1 changed, 1 that follows another, 0 unchanged.\n"
    )


def test_nothing_differs_from_what_was_committed(film: Project) -> None:
    ran = film.run("diff", "--exit-code")

    assert (ran.code, ran.out) == (0, "No difference: 2 shots are the same.\n")


def test_the_exit_code_tells_on_request(film: Project) -> None:
    film.write(LION + NAP)

    assert film.run("diff", "--exit-code").code == 2


def test_two_revisions_are_compared_as_json(film: Project) -> None:
    film.write(LION + NAP + "  end: {prompt: The end., tags: [hero]}\n")
    save(film)
    film.write("  broken: {}\n")

    ran = film.run("diff", "HEAD~1", "HEAD", "--format", "json")

    check("diff", ran.json)
    assert (ran.json["from"], ran.json["to"], ran.json["different"]) == ("HEAD~1", "HEAD", True)
    assert [(each["shot"], each["kinds"]) for each in ran.json["shots"]] == [
        ("cat", ["changed"]),
        ("nap", ["follows"]),
        ("end", ["added"]),
    ]
    check("diff", film.run("diff", "HEAD", "HEAD", "--format", "json").json)


def test_pictures_and_included_files_are_those_of_the_revision(film: Project) -> None:
    write(film.root / "frames" / "a.png", PNG + b"old")
    write(film.root / "acts" / "one.yaml", "shots:\n  act: {prompt: Old words., image: frames/a.png}\n")
    film.write(CAT, more="include: [acts/*.yaml]\n")
    save(film)
    write(film.root / "frames" / "a.png", PNG + b"new")
    write(film.root / "acts" / "one.yaml", "shots:\n  act: {prompt: New words., image: frames/a.png}\n")

    ran = film.run("diff", "--format", "json")

    check("diff", ran.json)
    (act,) = ran.json["shots"]
    old = "sha256:" + hashlib.sha256(PNG + b"old").hexdigest()
    assert act["changes"][0]["before"] == {"file": "frames/a.png", "digest": old}
    assert act["changes"][1]["before"] == "Old words."


def test_a_picture_that_git_lfs_keeps_is_the_picture(film: Project) -> None:
    content = PNG + b"picture"
    digest = hashlib.sha256(content).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n"
    write(film.root / "a.png", pointer)
    film.write("  cat: {prompt: A cat plays., image: a.png}\n")
    save(film)
    write(film.root / "a.png", content)
    write(film.root.parent / ".git" / "lfs" / "objects" / digest[:2] / digest[2:4] / digest, content)

    assert film.run("diff").out == "No difference: 1 shot is the same.\n"


def test_the_work_tree_and_the_repository_are_left_alone(film: Project) -> None:
    film.write(LION + NAP)
    index = film.root.parent / ".git" / "index"
    before = index.read_bytes(), git(film.root, "status", "--porcelain", "--ignored")

    assert film.run("diff").code == 0

    assert (index.read_bytes(), git(film.root, "status", "--porcelain", "--ignored")) == before


def test_mistakes_at_a_revision_are_placed_there(film: Project) -> None:
    film.write("  cat: {prompt: A cat plays., duration: 7}\n")
    save(film)
    film.write(CAT)

    ran = film.run("diff", "HEAD")
    from_above = film.run("-C", "..", "diff", "HEAD", "-f", "film")

    assert (ran.code, from_above.code) == (3, 3)
    assert ran.err.startswith("HEAD:./cogvid.yaml:7:")
    assert from_above.err.startswith("HEAD:./film/cogvid.yaml:7:")
    assert ran.out == ""


def test_before_the_manifest_came_there_were_no_shots(tmp_path: Path) -> None:
    commit_first = tmp_path / "film"
    commit_first.mkdir()
    git(commit_first, "init", "-q", "-b", "main")
    commit(commit_first, "notes.txt", "Nothing yet.")
    project = Project(commit_first)
    project.write(CAT)

    assert "1 added, 0 unchanged" in project.run("diff").out
    assert project.run("diff", "HEAD", "HEAD").code == 64


def test_a_film_that_was_removed_has_no_shots_any_more(film: Project) -> None:
    git(film.root.parent, "rm", "-rq", "film")
    git(film.root.parent, "commit", "-q", "-m", "Gone")
    above = Project(film.root.parent)

    assert "2 removed, 0 unchanged" in above.run("diff", "-f", "film", "HEAD~1").out
    assert "2 removed, 0 unchanged" in above.run("diff", "-f", "film/cogvid.yaml", "HEAD~1", "HEAD").out
    assert "neither HEAD nor the work tree has film" in above.run("diff", "-f", "film").err


def test_an_environment_that_is_new_has_only_new_shots(film: Project) -> None:
    film.write(CAT + NAP, more="environments: {final: {}}\n")

    assert "2 added, 0 unchanged" in film.run("diff", "--env", "final").out
    assert "with an environment 'draft'" in film.run("diff", "--env", "draft").err


@pytest.mark.parametrize(
    "revision",
    ["nope", "--upload-pack=touch x", "-O/etc/passwd", "HEAD..HEAD", "HEAD:film", "", "HEAD\nHEAD", "^HEAD"],
)
def test_what_is_no_revision_is_refused(film: Project, revision: str) -> None:
    ran = film.run("diff", "--", revision)

    assert ran.code == 64
    assert "git knows no revision" in ran.err
    assert film.run("diff", "--", "HEAD", revision).code == 64
    assert film.run("diff", "--upload-pack=touch x").code == 64


def test_without_a_repository_the_way_to_one_is_shown(project: Project) -> None:
    project.write(CAT)

    ran = project.run("diff")

    assert ran.code == 64
    assert "git init" in ran.err


def make_tree(film: Project, *entries: tuple[str, str, str]) -> str:
    """A tree of entries (mode, name, object) that git itself would refuse to check out."""
    raw = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(sha) for mode, name, sha in entries)
    return make_object(film, raw, "-t", "tree", "--literally")


def make_object(film: Project, content: bytes, *options: str) -> str:
    source = film.root.parent.parent / "object"
    source.write_bytes(content)
    return git(film.root, "hash-object", "-w", *options, str(source))


def commit_tree(film: Project, tree: str) -> str:
    """A commit in which the project's directory is this tree."""
    return git(film.root, "commit-tree", "-m", "Strange", make_tree(film, ("40000", "film", tree)))


def test_a_tree_that_leads_upwards_writes_nothing_there(film: Project, tmp_path: Path) -> None:
    film.env["TMPDIR"] = str(tmp_path / "temporary")
    (tmp_path / "temporary").mkdir()
    manifest = git(film.root, "rev-parse", "HEAD:film/cogvid.yaml")
    above = make_tree(film, ("100644", "planted", make_object(film, b"planted")))
    above = make_tree(film, ("40000", "..", above))

    ran = film.run(
        "diff",
        commit_tree(film, make_tree(film, ("40000", "..", above), ("100644", "cogvid.yaml", manifest))),
    )

    assert ran.code == 0, ran.err
    assert list((tmp_path / "temporary").iterdir()) == []


def test_nothing_is_written_through_a_link(film: Project, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = make_object(film, str(tmp_path / "elsewhere").encode())
    planted = make_object(film, b"planted")
    inside = make_tree(film, ("100644", "planted", planted), ("120000", "link", planted))

    ran = film.run("diff", commit_tree(film, make_tree(film, ("120000", "a", link), ("40000", "a", inside))))

    assert ran.code == 0
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_no_file_system_can_have_is_passed_over(film: Project) -> None:
    manifest = make_object(film, (film.root / "cogvid.yaml").read_bytes())
    odd = [make_object(film, content) for content in (b"a\0b", b"", b"x" * 5_000)]
    links = [("120000", f"link{number}", link) for number, link in enumerate(odd)]

    revision = commit_tree(
        film, make_tree(film, ("100644", "cogvid.yaml", manifest), *links, ("100644", "n" * 300, odd[0]))
    )

    assert film.run("diff", revision).out == "No difference: 2 shots are the same.\n"


def test_a_revision_that_git_has_lost_a_file_of_is_no_traceback(film: Project) -> None:
    lost = git(film.root, "rev-parse", "HEAD:./cogvid.yaml")
    (film.root.parent / ".git" / "objects" / lost[:2] / lost[2:]).unlink()

    ran = film.run("diff")

    assert ran.code == 1
    assert "the repository lacks cogvid.yaml" in ran.err
    assert "git fsck" in ran.err


def test_a_partial_clone_is_told_how_to_get_what_it_lacks(film: Project, tmp_path: Path) -> None:
    git(film.root, "config", "uploadpack.allowFilter", "true")
    source = f"file://{film.root.parent}"
    git(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none", source, "partial")

    ran = Project(tmp_path / "partial").run("diff", "-f", "film", "HEAD")

    assert ran.code == 1
    assert "git fetch --refetch --no-filter" in ran.err
