"""Compare the vendor's own list of accepted tasks with what the project knows of them."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import Lock
from cogvid_pipeline.state.lockfile import read_lock
from tests.machine.film import Film
from tests.machine.witness import Witness, digest, last_frame
from tests.vendor import Task

PAYING = ("generate", "regenerate")


class Broken(AssertionError):
    """A promise does not hold."""


class Accounts:
    """What was paid for, and what may be. Every check raises Broken.

    A request may be accepted once, unless its task has come to nothing, or the user has allowed one more.
    """

    def __init__(self, vendor: Witness) -> None:
        self.vendor = vendor
        self._allowed: dict[str, int] = {}
        self._given_up: set[str] = set()
        self._fingerprints: dict[str, str] = {}

    # --- what the user allows ---

    def allow_another(self, fingerprint: str) -> None:
        """One more may be accepted than there is now."""
        self._allowed[fingerprint] = len(self.paid(fingerprint)) + 1

    def allow_no_more(self, fingerprint: str) -> None:
        """What was allowed has been used by now, or will not be."""
        self._allowed[fingerprint] = max(1, len(self.paid(fingerprint)))

    def give_up(self, fingerprint: str, known: Collection[str]) -> None:
        """The user says that there are no tasks of this request but the known ones, or pays once more."""
        self.allow_another(fingerprint)
        self._given_up |= {task.id for task in self.lost(fingerprint, known)}

    # --- what was paid ---

    def paid(self, fingerprint: str) -> list[Task]:
        """The accepted tasks of a request, those that came to nothing left out."""
        return [
            task
            for task in self.vendor.accepted
            if task.failure is None and self.fingerprint(task) == fingerprint
        ]

    def lost(self, fingerprint: str, known: Collection[str]) -> list[Task]:
        """Tasks of a request that the project has not heard of, and should.

        Known are those that go by an id of the vendor's, or by the request's own where it takes that too.
        """
        return [
            task
            for task in self.paid(fingerprint)
            if not {task.id, task.request_id} & set(known) and task.id not in self._given_up
        ]

    def fingerprint(self, task: Task) -> str:
        """The fingerprint of what the vendor was asked, worked out here once more."""
        if task.id not in self._fingerprints:
            request: dict[str, Any] = {"model": task.body["model"], "prompt": task.body["prompt"]}
            if task.images:
                request["image"] = [self._source(task, picture) for picture in task.images]
            canonical = json.dumps(request, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            self._fingerprints[task.id] = f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"
        return self._fingerprints[task.id]

    def _source(self, task: Task, picture: bytes) -> str:
        for other in self.vendor.accepted:
            if last_frame(other.clip) == picture:
                return f"frame:sha256:{digest(other.clip)}:last"
        raise Broken(f"{task.id} was sent a picture that is the last frame of no paid clip")

    # --- the checks ---

    def nothing_paid_twice(self) -> None:
        """No request was accepted more often than allowed, nor again before its failure was known."""
        by_request: dict[str, list[Task]] = defaultdict(list)
        for task in self.vendor.accepted:
            by_request[self.fingerprint(task)].append(task)
        for fingerprint, tasks in by_request.items():
            good = [task for task in tasks if task.failure is None]
            if len(good) > self._allowed.get(fingerprint, 1):
                raise Broken(f"paid twice: {_ids(good)} are one request, {good[0].body['prompt']!r}")
            unseen = [task for task in tasks[:-1] if task.failure is not None and not task.polls]
            if unseen:
                raise Broken(f"paid twice: {_ids(tasks)} came before anybody saw {_ids(unseen)} fail")

    def nothing_forgotten(self, film: Film) -> None:
        """Each accepted task is in the ledger or in a lock, or its request is held."""
        rows = film.ledger()
        known = {row["task_id"] for row in rows}
        held = {row["fingerprint"] for row in rows if row["state"] in ("held", "intent")}
        for fingerprint in {self.fingerprint(task) for task in self.vendor.accepted}:
            lost = self.lost(fingerprint, known)
            if lost and not (fingerprint in held and len(lost) == 1):
                locks = (_text(film), *film.committed_locks())
                if not all(any(f'"{task.id}"' in text for text in locks) for task in lost):
                    raise Broken(f"forgotten: nobody knows of {_ids(lost)}, {lost[0].body['prompt']!r}")

    def nothing_planned_twice(self, paying: Mapping[str, str | None]) -> None:
        """A plan pays for nothing that there is already; `paying` has the fingerprints that it pays for."""
        for shot, fingerprint in paying.items():
            if fingerprint is not None:
                paid = self.paid(fingerprint)
                if len(paid) >= self._allowed.get(fingerprint, 1):
                    raise Broken(f"the plan pays for {shot} again, which {_ids(paid)} made")

    def lock_is_whole(self, film: Film) -> Lock:
        try:
            return read_lock(film.lock)
        except StateError as error:
            raise Broken(f"the lock is damaged: {error}") from error

    def have_previews(self, film: Film) -> bool:
        """Whether the lock has clips that were rendered here."""
        results = (entry.result for entry in self.lock_is_whole(film).entries.values())
        return any(result is not None and not result.paid for result in results)

    def nothing_secret_in_files(self, film: Film) -> None:
        """The key is nowhere, and in the work tree there is no query of a signed address."""
        for path in film.files():
            self._without(path.read_bytes(), path.name, self.vendor.key, "sign=secret")
        if film.state.exists():
            for path in film.state.rglob("*"):
                if path.is_file():
                    self._without(path.read_bytes(), path.name, self.vendor.key)

    def _without(self, data: bytes, name: str, *secrets: str) -> None:
        for secret in secrets:
            if secret.encode() in data:
                raise Broken(f"{secret!r} is in {name}")

    def clips_are_right(self, film: Film) -> None:
        """Each shot has the clip of a task that was asked for just that; the file is that clip."""
        lock = self.lock_is_whole(film)
        tasks = {name: task for task in self.vendor.accepted for name in (task.id, task.request_id)}
        for name in film.board.shots:
            result = lock.entries[name].result
            if result is None or result.clip is None:
                raise Broken(f"{name} has no result")
            file = digest((film.root / "renders" / f"{name}.mp4").read_bytes())
            if result.clip.sha256 != file:
                raise Broken(f"{name}.mp4 is not the clip that the lock has")
            if result.provider == self.vendor.api.name:
                task = tasks[result.task_id]
                if (self.fingerprint(task), digest(task.clip)) != (result.fingerprint, file):
                    raise Broken(f"the clip of {name} is not what was asked for: see {task.id}")


def _text(film: Film) -> str:
    return film.lock.read_text(encoding="utf-8") if film.lock.exists() else ""


def _ids(tasks: Iterable[Task]) -> str:
    return " and ".join(task.id for task in tasks)
