"""Carry out a plan: every action once, upstream shots first, expected failures as outcomes."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar, assert_never

from cogvid_pipeline.engine.locking import LockKeeper
from cogvid_pipeline.engine.outcome import Blocked, Done, Failed, Held, Outcome, RunReport, Stopped
from cogvid_pipeline.engine.run import Run
from cogvid_pipeline.engine.submit import LOOK_AGAIN
from cogvid_pipeline.engine.take import TakeWorker, clip_of
from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.model.attempt import Attempt, LockEntry, State
from cogvid_pipeline.model.plan import (
    Fetch,
    Forget,
    Generate,
    Hold,
    Keep,
    Plan,
    Regenerate,
    Repeat,
    Resume,
    Reuse,
    Share,
    TakeStep,
    draws,
)
from cogvid_pipeline.model.shot import Shot
from cogvid_pipeline.plan.planner import Planner

T = TypeVar("T")


@dataclass(slots=True)
class Runner:
    """One run of one plan. `planner` settles what can be known only when an upstream clip is there."""

    run: Run
    plan: Plan
    planner: Planner
    keeper: LockKeeper
    worker: TakeWorker
    _takes: dict[str, asyncio.Task[Outcome]] = field(default_factory=dict)
    _errors: list[Exception] = field(default_factory=list)

    async def apply(self) -> RunReport:
        """Do every action, and return when all have ended; what is unexpected stops the run and is raised."""
        self.run.tell("run_started", provider=self.plan.provider, actions=dict(self.plan.summary))
        try:
            async with asyncio.TaskGroup() as group:
                flusher = group.create_task(self.keeper.flush_now_and_then(self.run.ports.sleep))
                for action in self.plan.actions:
                    if not isinstance(action, Forget):
                        self._takes[action.name] = group.create_task(self._outcome(action))
                outcomes = {name: await take for name, take in self._takes.items()}
                awaited = self._awaited()
                for action in self.plan.actions:
                    if isinstance(action, Forget) and awaited.isdisjoint(_request_ids(action.entry)):
                        await self._forget(action)
                flusher.cancel()
        finally:
            self.keeper.flush()
        if self._errors:
            raise self._errors[0]
        report = RunReport(outcomes, self.run.stopping)
        self.run.tell("run_finished", interrupted=report.interrupted)
        return report

    def _give_up(self, error: Exception) -> None:
        """End the run in order, and raise the error then."""
        self._errors.append(error)
        self.run.stop()

    def _awaited(self) -> set[str]:
        """The attempts that a take, such as the same one under a new name, was to go on from and has not.

        Until then the lock must not lose them: in a clone there is nothing else that knows what was paid for.
        """
        return {
            step.attempt.request_id
            for step in self.plan.actions
            if isinstance(step, Reuse | Resume | Repeat | Hold)
            and step.attempt.request_id not in _request_ids(self.keeper.entry(step.name))
        }

    async def _forget(self, action: Forget) -> None:
        try:
            await self._remember(action.name)
        except CogvidError as error:
            self._give_up(error)
        else:
            self.keeper.forget(action.name)
            self.run.tell("forgotten", action.name)

    async def _remember(self, name: str) -> None:
        """What is about to leave the lock goes into the ledger, so that going back to it is free."""
        for attempt in self.keeper.entry(name).attempts:
            await self.run.ports.ledger.take_in(attempt)

    async def _outcome(self, action: TakeStep) -> Outcome:
        try:
            outcome = await self._carry_out(action)
        except CogvidError as error:
            outcome = Failed(str(error), error.hint)
        except asyncio.CancelledError:
            if not self.run.stopping:
                raise
            outcome = Stopped()
        except Exception as bug:
            # Raised from here it would cancel the other takes, and lose the answers to what they have sent.
            self._give_up(bug)
            outcome = Stopped()
        self._tell(action.name, outcome)
        return outcome

    async def _carry_out(self, action: TakeStep) -> Outcome:
        if isinstance(action, Keep):
            return Done(action.attempt)
        upstream = await self._upstream(action.shot) if draws(action) else {}
        if isinstance(upstream, Blocked):
            return upstream
        if isinstance(action, Generate | Regenerate) and (on := await self._unmet(action.shot)) is not None:
            return Blocked(on)
        if draws(action):
            action = await self._settle(action, upstream)
        await self._remember(action.name)
        if isinstance(action, Share):
            return await self._share(action)
        async with self.run.stoppable():
            await self.run.gate.acquire()
        try:
            return await self._work(action, upstream)
        finally:
            self.run.gate.release()

    async def _work(
        self,
        action: Generate | Regenerate | Resume | Repeat | Reuse | Fetch | Keep | Hold,
        upstream: Mapping[str, Attempt],
    ) -> Outcome:
        match action:
            case Generate() | Regenerate():
                return await self.worker.generate(action, upstream)
            case Resume():
                return await self.worker.resume(action)
            case Repeat():
                return await self.worker.repeat(action, upstream)
            case Reuse():
                return await self.worker.reuse(action, upstream)
            case Fetch():
                return await self.worker.fetch(action, upstream)
            case Keep(attempt=attempt):
                return Done(attempt)
            case Hold():
                return await self._hold(action, upstream)
            case _:
                assert_never(action)

    async def _settle(self, action: TakeStep, upstream: Mapping[str, Attempt]) -> TakeStep:
        """The action as things are now; it may have become free since it was planned."""
        for name, attempt in upstream.items():
            self.planner.clips[name] = clip_of(attempt).sha256
        return await self._ask(partial(self.planner.decide, action.take))

    async def _ask(self, question: Callable[[], T]) -> T:
        async with self.run.stoppable():
            return await self.run.ports.ledger.ask(question)

    async def _hold(self, action: Hold, upstream: Mapping[str, Attempt]) -> Outcome:
        if action.attempt.state is State.INTENT:
            return await self._after_another_run(action, upstream)
        held = replace(action.attempt, state=State.HELD, error=action.reason)
        standing = await self.run.ports.ledger.record(held)
        if standing.state is not State.HELD:
            return await self._decide_again(action, upstream)
        self.keeper.pending(action.name, held)
        return Held(held)

    async def _after_another_run(self, action: Hold, upstream: Mapping[str, Attempt]) -> Outcome:
        """Wait for what another run gets to hear about this very request."""
        request_id, seen = action.attempt.request_id, action.attempt
        while seen.state is State.INTENT:
            self.run.tell("waiting", action.name, reason=seen.error)
            await self.run.pause(LOOK_AGAIN * (0.5 + self.run.ports.jitter()))
            recorded = await self._ask(partial(self.planner.facts.recorded, request_id))
            seen = recorded or replace(seen, state=State.HELD)
        return await self._decide_again(action, upstream)

    async def _decide_again(self, action: Hold, upstream: Mapping[str, Attempt]) -> Outcome:
        """Go on from what another run has found, unless that would cost what the plan did not show."""
        step = await self._ask(partial(self.planner.decide, action.take))
        match step:
            case Generate() | Regenerate() | Share():
                return Failed("another run's submission came to nothing", "run apply again")
            case Hold(attempt=attempt) if attempt.state is State.HELD:
                self.keeper.pending(action.name, attempt)
                return Held(attempt)
            case _:
                return await self._work(step, upstream)

    async def _share(self, action: Share) -> Outcome:
        match await self._end_of(action.of):
            case Done(attempt):
                return await self.worker.finish(action.take, attempt)
            case _:
                return Blocked(action.of)

    async def _upstream(self, shot: Shot) -> dict[str, Attempt] | Blocked:
        """The attempts whose clips this shot takes frames from."""
        attempts: dict[str, Attempt] = {}
        for name in shot.sources:
            match await self._end_of(name):
                case Done(attempt):
                    attempts[name] = attempt
                case _:
                    return Blocked(name)
        return attempts

    async def _unmet(self, shot: Shot) -> str | None:
        """A take that this shot depends on and that did not get its clip; None when all have theirs."""
        for reference in shot.depends_on:
            for name in self.planner.names.takes(reference):
                if not isinstance(await self._end_of(name), Done):
                    return name
        return None

    async def _end_of(self, name: str) -> Outcome:
        if name not in self._takes:  # a selection left it out, so it is as the lock has it
            standing = self.keeper.entry(name).result
            return Done(standing) if standing else Blocked(name)
        async with self.run.stoppable():
            return await asyncio.shield(self._takes[name])

    def _tell(self, name: str, outcome: Outcome) -> None:
        match outcome:
            case Failed(reason, hint):
                self.run.tell("failed", name, reason=reason, hint=hint)
                if self.run.options.fail_fast:
                    self.run.close("an earlier shot failed, and --fail-fast is on")
            case Held(attempt):
                self.run.tell("held", name, reason=attempt.error)
            case Blocked(on):
                self.run.tell("blocked", name, on=on)
            case Done() | Stopped():
                pass


def _request_ids(entry: LockEntry) -> set[str]:
    return {
        attempt.request_id for attempt in (entry.result, entry.pending, entry.previous) if attempt is not None
    }
