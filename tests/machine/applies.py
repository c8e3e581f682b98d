"""`apply` in a story: undisturbed, amid faults, struck by a signal, in company, in a clone, to the end."""

import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.machine.accounts import Broken
from tests.machine.film import Board, Film, Shot
from tests.machine.story import Plan, Story
from tests.machine.witness import CURSED, DOUBTS
from tests.project import Ran

SIGNALS = {
    "killed": signal.SIGKILL,  # the request is served, and nobody is there to hear the answer
    "killed unheard": signal.SIGKILL,  # the request came to nothing
    "interrupted": signal.SIGINT,
}

_MOST_ROUNDS = 8


def apply(story: Story, jobs: int = 4, *, replaced: str = "") -> None:
    """Nothing goes wrong. Once all shots have their clips, a second apply has nothing to do."""
    options = ("--replace", replaced) if replaced else ()
    line = " ".join(["apply --jobs", str(jobs), *options])
    with story.telling(line) as before, _billed(story, before, replaced) as plan:
        ran = story.run(*_command(jobs), *options)
        story.adds(_ended(ran))
        _check_code(ran, *_expected(story, plan))
        _check_lock(story)
        if ran.code == 0:
            _check_idle(story)


def apply_amid(story: Story, faults: Sequence[str], jobs: int) -> None:
    """Things go wrong at the vendor."""
    line = f"apply --jobs {jobs}, while {', and '.join(faults)}"
    with story.telling(line) as before, _billed(story, before):
        story.vendor.suffer(*faults)
        ran = story.run(*_command(jobs))
        story.vendor.calm_down()
        story.adds(_ended(ran))
        _check_code(ran, 0, 1, 5)
        _check_lock(story)
        if not DOUBTS.keys() & set(faults):
            _check_holds(story, before)


def apply_struck(story: Story, how: str, request: int, jobs: int) -> None:
    """The command gets a signal when the vendor sees a certain request of it, if there are so many."""
    line = f"apply --jobs {jobs}, which is {how} at request {request}"
    with story.telling(line) as before, _billed(story, before):

        def arm(pid: int) -> None:
            story.vendor.at_request(
                request, lambda: os.kill(pid, SIGNALS[how]), unserved=how == "killed unheard"
            )

        running = story.forks.start(
            story.film.root, *_command(jobs), env=story.vendor.environment, before=arm
        )
        ran = running.wait()
        story.vendor.calm_down()
        story.adds(_ended(ran))
        story.lock_knows = False
        _check_code(ran, 0, 1, 5, 130 if how == "interrupted" else -signal.SIGKILL)
        if how == "interrupted":
            _check_holds(story, before)


def apply_twice_at_once(story: Story, jobs: int) -> None:
    """One of them may find the other at work."""
    with story.telling("apply, and apply at the same time") as before, _billed(story, before):
        _race(story, [story.film, story.film], jobs)


def apply_in_two_work_trees(story: Story, jobs: int) -> None:
    """Both work at the same time, on one ledger."""
    line = "apply in two work trees at the same time"
    with story.telling(line) as before, _billed(story, before, runs=2):
        second = Film(story.film.root.with_name("second"))
        story.film.git("worktree", "add", "--quiet", "--detach", str(second.root))
        second.write(story.film.board)
        _race(story, [story.film, second], jobs)
        story.accounts.lock_is_whole(second)
        story.film.git("worktree", "remove", "--force", str(second.root))


def apply_in_clone(story: Story, jobs: int) -> None:
    """What git has is enough: a clone pays for nothing that the original would not pay for as well."""
    if not story.lock_knows:
        apply(story, jobs)
    with story.telling("commit, clone, and apply in the clone") as before:
        story.commit_as(before)
        clone = Film(story.film.root.with_name("clone"))
        story.film.git("clone", "--quiet", str(story.film.root), str(clone.root))
        plan = story.plan(film=clone)
        if extra := plan.paying.keys() - before.paying.keys():
            raise Broken(f"a clone would pay for {', '.join(sorted(extra))}")
        if not plan.paying:
            _apply_free(story, clone, plan, jobs)
        shutil.rmtree(clone.root)


def settle(story: Story) -> None:
    """All shots get their clips, whatever has happened before."""
    shots = {
        name: Shot("It mends.", shot.after) if shot.prompt == CURSED else shot
        for name, shot in story.film.board.shots.items()
    }
    story.rewrite("mend the manifest", Board(story.vendor.api.name, shots))
    for _ in range(_MOST_ROUNDS):
        while held := story.held:
            if not story.adopt(shot := next(iter(held))):
                story.pay_again(shot)
        apply(story)
        if story.now.settled:
            break
    with story.telling("check"):
        ran = story.run("check")
        story.adds(_ended(ran))
        _check_code(ran, 0)
        story.accounts.clips_are_right(story.film)


# --- how it goes --------------------------------------------------------------------------------------


def _command(jobs: int) -> tuple[str, ...]:
    return ("apply", "--yes", "--jobs", str(jobs))


def _ended(ran: Ran) -> str:
    return f"exit {ran.code}"


def _race(story: Story, films: Sequence[Film], jobs: int) -> None:
    racing = [story.forks.start(film.root, *_command(jobs), env=story.vendor.environment) for film in films]
    ran = [running.wait() for running in racing]
    story.vendor.calm_down()
    story.lock_knows = False
    story.adds(" and ".join(map(_ended, ran)))
    for one in ran:
        _check_code(one, 0, 1, 5)


def _apply_free(story: Story, clone: Film, plan: Plan, jobs: int) -> None:
    paid, lock = len(story.vendor.accepted), clone.lock.read_bytes()
    ran = story.run(*_command(jobs), film=clone)
    story.vendor.calm_down()
    story.adds(_ended(ran))
    if len(story.vendor.accepted) > paid:
        raise Broken("a clone has paid")
    if plan.settled:
        _check_code(ran, 0)
        # A preview that has to be rendered again may come out differently.
        if clone.lock.read_bytes() != lock and not story.accounts.have_previews(clone):
            raise Broken("a clone of what is settled has changed the lock")
        story.accounts.clips_are_right(clone)


# --- what has to be true ------------------------------------------------------------------------------


@contextmanager
def _billed(story: Story, before: Plan, replaced: str = "", *, runs: int = 1) -> Iterator[Plan]:
    """The plan that is carried out; no more is accepted than it pays for.

    What came to nothing in one of several runs may be tried in the next one.
    """
    plan = story.plan("--replace", replaced) if replaced else before
    paid = len(story.vendor.accepted)
    again = plan.paying.get(replaced)
    if again:
        story.accounts.allow_another(again)
    yield plan
    if again:
        story.accounts.allow_no_more(again)
    bought = story.vendor.accepted[paid:]
    good = [task for task in bought if task.failure is None]
    if len(good) > plan.most or len(bought) > runs * plan.most:
        raise Broken(f"{len(bought)} were accepted, where the plan paid for {plan.most}")


def _expected(story: Story, plan: Plan) -> set[int]:
    """How an undisturbed apply of this plan may end."""
    board = story.film.board
    if "hold" in plan.actions.values():
        return {5}
    asked = plan.fingerprints("resume") | plan.paying
    cursed = [shot for name in asked for shot in board.chain_of(name) if shot.prompt == CURSED]
    # A vendor that is asked again may say that it has accepted the request, and not as what task.
    return {1 if cursed else 0} | ({5} if plan.asks_again else set())


def _check_code(ran: Ran, *expected: int) -> None:
    if ran.code not in expected:
        raise Broken(f"exit {ran.code}: {ran.out}{ran.err}")


def _check_lock(story: Story) -> None:
    """What an apply that came to its end left unfinished or in doubt is in the lock, for all to see."""
    entries = story.accounts.lock_is_whole(story.film).entries.values()
    if story.film.conflicted:
        raise Broken("the lock still has both sides of a merge")
    pending = {entry.pending.fingerprint for entry in entries if entry.pending}
    for name, fingerprint in story.now.fingerprints("resume", "hold").items():
        if fingerprint not in pending:
            raise Broken(f"the lock does not tell that {name} is unfinished")
    story.lock_knows = True


def _check_holds(story: Story, before: Plan) -> None:
    """Nothing is held that was not held before."""
    if extra := story.now.fingerprints("hold").keys() - before.fingerprints("hold").keys():
        raise Broken(f"{', '.join(extra)} held for no reason")


def _check_idle(story: Story) -> None:
    """There is nothing to do, and nobody is asked."""
    lock, asked = story.film.lock.read_bytes(), len(story.vendor.requests)
    ran = story.run(*_command(4))
    if ran.code != 0 or "Nothing to do" not in ran.out:
        raise Broken(f"a second apply is not idle: {ran.out}{ran.err}")
    if (story.film.lock.read_bytes(), len(story.vendor.requests)) != (lock, asked):
        raise Broken("a second apply has nothing to do, and does something")
