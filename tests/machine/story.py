"""A film under git and what a person does with it; after every deed all promises have to hold."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tests.machine.accounts import PAYING, Accounts, Broken
from tests.machine.film import RENDERS, Board, Film, Shot
from tests.machine.forks import Forks
from tests.machine.witness import Witness
from tests.project import Ran


@dataclass(frozen=True)
class Plan:
    """What `plan --format json` says."""

    document: Mapping[str, Any]

    @property
    def actions(self) -> dict[str, str]:
        return {action["shot"]: action["action"] for action in self.document["actions"]}

    @property
    def paying(self) -> dict[str, str | None]:
        """The shots that it pays for, with their fingerprints."""
        priced = self._costs()
        return {name: digest for name, digest in self.fingerprints(*PAYING).items() if name in priced}

    @property
    def most(self) -> int:
        """How many tasks may come of it: what it costs, at one a shot."""
        return len(self._costs())

    @property
    def asks_again(self) -> bool:
        """Whether a submission whose answer was lost is sent again."""
        return bool(self._costs() & self.fingerprints("resume").keys())

    def _costs(self) -> set[str]:
        return {action["shot"] for action in self.document["actions"] if action["cost"]["amount"]}

    def fingerprints(self, *kinds: str) -> dict[str, str | None]:
        """The fingerprints by shot, where the action is of such a kind."""
        return {
            action["shot"]: action["fingerprint"]
            for action in self.document["actions"]
            if action["action"] in kinds
        }

    @property
    def settled(self) -> bool:
        """Whether the lock is as it should be."""
        return set(self.actions.values()) <= {"keep", "fetch"}


@dataclass
class Story:
    """What has happened to a film so far. Deeds raise Broken when a promise is broken; the story is added."""

    film: Film
    vendor: Witness
    forks: Forks
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.accounts = Accounts(self.vendor)
        self.boards: list[Board] = []
        # Whether the lock has been told all that the ledger knows about the manifest as it is now.
        self.lock_knows = False
        self._left_settled: dict[str, bool] = {}
        self._now: Plan | None = None

    def begin(self, board: Board) -> None:
        self.lines.append(f"begin with {', '.join(map(_told, board.shots.items()))}")
        self.film.begin(board)
        self.boards = [board]

    # --- telling it ---

    @contextmanager
    def telling(self, line: str) -> Iterator[Plan]:
        """One deed: add a line to the story, and audit afterwards. What was planned before is yielded."""
        self.lines.append(line)
        before, self._now = self.now, None
        try:
            yield before
            self.audit()
        except Exception as error:
            error.add_note("\n".join(["What happened:", *self.lines]))
            raise

    def adds(self, words: str) -> None:
        """Say how the deed went."""
        self.lines[-1] += f" -> {words}"

    def audit(self) -> None:
        """What is true after every deed."""
        self.accounts.nothing_paid_twice()
        self.accounts.nothing_forgotten(self.film)
        self.accounts.lock_is_whole(self.film)
        self.accounts.nothing_secret_in_files(self.film)
        if self.vendor.complaints:
            raise Broken(f"the vendor complains: {self.vendor.complaints}")
        self.accounts.nothing_planned_twice(self.now.paying)

    @property
    def now(self) -> Plan:
        """The plan as things are; in a deed, to be looked at only when it is done."""
        if self._now is None:
            self._now = self.plan()
        return self._now

    def plan(self, *options: str, film: Film | None = None) -> Plan:
        ran = self.run("plan", "--format", "json", *options, film=film)
        if ran.code != 0:
            raise Broken(f"plan has exit {ran.code}: {ran.err}")
        return Plan(ran.json)

    def run(self, *arguments: str, film: Film | None = None) -> Ran:
        return self.forks.run((film or self.film).root, *arguments, env=self.vendor.environment)

    # --- the manifest ---

    def edit(self, line: str, change: Callable[[dict[str, Shot]], None]) -> None:
        """Change the shots; where that would make no manifest, nothing happens."""
        shots = dict(self.film.board.shots)
        change(shots)
        self.rewrite(line, replace(self.film.board, shots=shots))

    def rewrite(self, line: str, board: Board) -> None:
        if board.valid and board != self.film.board:
            with self.telling(line):
                self.film.write(board)
                self.boards.append(board)
                self.lock_knows = False

    # --- git ---

    def commit(self) -> None:
        with self.telling("commit") as before:
            self.commit_as(before)

    def branch_off(self, name: str) -> None:
        with self.telling(f"create the branch {name}") as before:
            self.commit_as(before)
            self.film.git("switch", "--quiet", "--create", name)

    def switch(self, branch: str) -> None:
        """What was settled on a branch is settled still when one comes back to it."""
        with self.telling(f"switch to {branch}") as before:
            self.commit_as(before)
            self.film.git("switch", "--quiet", branch)
            self.lock_knows = False
            if self._left_settled.get(branch) and not self.now.settled:
                raise Broken(f"{branch} was settled when it was left, and now the plan is {self.now.actions}")

    def merge(self, branch: str, side: str, *, lock_too: bool) -> None:
        what = "it" if lock_too else "the manifest"
        with self.telling(f"merge {branch}, and where {what} conflicts take {side}") as before:
            self.commit_as(before)
            self.film.merge(branch, side, lock_too=lock_too)
            self.lock_knows = False
            if self.film.conflicted:
                self.adds("the lock has conflicts")

    def commit_as(self, plan: Plan) -> None:
        """Commit, and remember whether this plan leaves nothing to do."""
        self.film.commit()
        self._left_settled[self.film.branch] = plan.settled

    # --- files ---

    def delete_renders(self) -> None:
        with self.telling(f"delete {RENDERS}/"):
            shutil.rmtree(self.film.root / RENDERS, ignore_errors=True)

    def lose_the_cache(self) -> None:
        with self.telling("lose the clip cache"):
            shutil.rmtree(self.film.state / "clips", ignore_errors=True)

    def collect_garbage(self) -> None:
        """Remove at once what no branch needs; what the manifest asks for now stays."""
        with self.telling("gc") as before:
            ran = self.run("gc", "--yes", "--grace", "0")
            if ran.code or self.now.actions != before.actions:
                raise Broken(f"after gc (exit {ran.code}) the plan is {self.now.actions}: {ran.err}")

    # --- recover ---

    @property
    def held(self) -> dict[str, str]:
        """The fingerprints of held shots."""
        return {name: digest for name, digest in self.now.fingerprints("hold").items() if digest}

    def adopt(self, shot: str) -> bool:
        """Look into the vendor's list, and adopt the task if it is there."""
        tasks = self.accounts.lost(self.held[shot], self._known())
        if tasks:
            with self.telling(f"recover --adopt {shot}={tasks[0].id}"):
                self._recover("--adopt", f"{shot}={tasks[0].id}")
                if (action := self.now.actions[shot]) != "resume":
                    raise Broken(f"{shot} was adopted, and now the plan has {action}")
        return bool(tasks)

    def pay_again(self, shot: str) -> None:
        """Release a held shot, whether the vendor had accepted it or not."""
        fingerprint = self.held[shot]
        with self.telling(f"recover --pay-again {shot}"):
            self.accounts.give_up(fingerprint, self._known())
            self._recover("--pay-again", shot)

    def _recover(self, *options: str) -> None:
        ran = self.run("recover", *options)
        if ran.code != 0:
            raise Broken(f"recover has exit {ran.code}: {ran.err}")

    def _known(self) -> set[str]:
        return {row["task_id"] for row in self.film.ledger()}


def _told(named: tuple[str, Shot]) -> str:
    name, shot = named
    return f"{name}: {shot.prompt!r}" + (f" after {shot.after}" if shot.after else "")
