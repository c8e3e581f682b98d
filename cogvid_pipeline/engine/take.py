"""Bring one take to its clip: by asking a provider, or from what there is already."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from cogvid_pipeline.engine.collect import TaskEnded, download, fetch_shared, keep, wait_for_task
from cogvid_pipeline.engine.inputs import make_submission
from cogvid_pipeline.engine.inspect import differences
from cogvid_pipeline.engine.labelling import write_labelled
from cogvid_pipeline.engine.locking import LockKeeper
from cogvid_pipeline.engine.outcome import Done, Failed, Held, Outcome
from cogvid_pipeline.engine.ports import Renderer
from cogvid_pipeline.engine.post import Submitted
from cogvid_pipeline.engine.repeat import go_on
from cogvid_pipeline.engine.run import Run
from cogvid_pipeline.engine.submit import submit
from cogvid_pipeline.errors import CogvidError, MediaError, StoreError
from cogvid_pipeline.model.attempt import Attempt, Clip, Labelled, State
from cogvid_pipeline.model.plan import Fetch, Generate, Regenerate, Repeat, Resume, Reuse
from cogvid_pipeline.model.shot import Scalar, ShotFrame, Take
from cogvid_pipeline.model.wire import Submission, TaskState


@dataclass(frozen=True, slots=True)
class TakeWorker:
    """Carries out single actions. `upstream` gives, by take, the attempts whose clips frames come from."""

    run: Run
    keeper: LockKeeper
    documented_defaults: Mapping[str, Mapping[str, Scalar]]

    async def generate(self, action: Generate | Regenerate, upstream: Mapping[str, Attempt]) -> Outcome:
        """Ask the run's provider for a clip."""
        provider = self.run.ports.provider()
        self.run.tell("shot_started", action.name)
        if isinstance(provider, Renderer):
            return await self._generate_here(provider, action, upstream)
        if found := await self._of_a_colleague(action):
            self.run.tell("reused", action.name)
            return await self.finish(action.take, await self._bring_back(action.take, found, {}, shared=True))
        wanted = _wanted(action, provider.name, provider.base_url)
        submission = await self._submission(action.take, upstream)
        with self.run.window.visit() as visit:
            submitted = await submit(self.run, provider, wanted, submission, visit, again=action.again)
            return await self._follow(action.take, submitted)

    async def repeat(self, action: Repeat, upstream: Mapping[str, Attempt]) -> Outcome:
        """Send a submission again whose answer an earlier run lost."""
        self.run.tell("shot_started", action.name)
        submission = await self._submission(action.take, upstream)
        with self.run.window.visit() as visit:
            visit.take()  # for all that is known, the vendor has it
            vendor = self.run.ports.vendor_of(action.attempt)
            return await self._follow(action.take, await go_on(self.run, vendor, action.attempt, submission))

    async def resume(self, action: Resume) -> Outcome:
        """Wait for a task that was accepted before."""
        self.run.tell("shot_started", action.name)
        with self.run.window.visit() as visit:
            visit.take()
            await self.run.ports.ledger.take_over(action.attempt)
            return await self._collect(action.take, action.attempt, None)

    async def reuse(self, action: Reuse, upstream: Mapping[str, Attempt]) -> Outcome:
        """Record a clip that exists under this take's name."""
        attempt = await self._bring_back(action.take, action.attempt, upstream, shared=action.shared)
        return await self.finish(action.take, attempt)

    async def fetch(self, action: Fetch, upstream: Mapping[str, Attempt]) -> Outcome:
        """Bring back the file; the lock has everything already, unless a preview came out differently."""
        attempt = await self._bring_back(action.take, action.attempt, upstream)
        if attempt.clip != action.attempt.clip:
            return await self.finish(action.take, attempt)
        labelled, warnings = await self._place(action.take, attempt)
        self.keeper.label(action.name, labelled)
        said = {"warnings": warnings} if warnings else {}
        self.run.tell("succeeded", action.name, action="fetch", **said)
        return Done(attempt)

    async def finish(self, take: Take, attempt: Attempt) -> Outcome:
        """Put the clip under the take's name and into the lock."""
        standing = self.keeper.entry(take.name).result
        if standing and standing.paid and not attempt.paid:
            return Failed(
                f"what {attempt.provider} made for nothing never replaces a paid clip",
                "try such things out in a copy of the project",
            )
        labelled, warnings = await self._place(take, attempt)
        self.keeper.result(take.name, attempt, labelled)
        clip = clip_of(attempt)
        # An emulator's clips are smaller than asked, and everybody knows.
        wished = self.documented_defaults.get(take.shot.model, {})
        if attempt.provider != "emulator":
            warnings = [*differences(take.shot.parameters, clip, wished), *warnings]
        self.run.tell(
            "succeeded",
            take.name,
            bytes=clip.bytes,
            cost=attempt.cost,
            task_id=attempt.task_id,
            warnings=warnings,
        )
        return Done(attempt)

    async def _of_a_colleague(self, action: Generate | Regenerate) -> Attempt | None:
        """The attempt whose clip the shared store has by now; looked for right before something is bought.

        Raises StoreError where it cannot be asked: then nobody knows what would be paid for twice.
        """
        shared = self.run.ports.shared
        if shared is None or action.fingerprint is None or action.again:
            return None
        try:
            async with self.run.stoppable():
                return await asyncio.to_thread(shared.find, action.fingerprint)
        except StoreError as error:
            raise StoreError(f"not submitted: {error}", hint=without_store(error)) from error

    async def _generate_here(
        self, renderer: Renderer, action: Generate | Regenerate, upstream: Mapping[str, Attempt]
    ) -> Outcome:
        attempt = replace(
            _wanted(action, renderer.name, ""),
            state=State.SUCCEEDED,
            request_id=self.run.ports.new_id(),
            created_at=self.run.now(),
        )
        rendered = await self._render(renderer, action.take, attempt, upstream)
        return await self.finish(action.take, rendered)

    async def _follow(self, take: Take, submitted: Submitted | Failed | Held) -> Outcome:
        """See to what came of a submission."""
        match submitted:
            case Submitted(attempt, None) if attempt.clip is not None:
                return await self.finish(take, await self._bring_back(take, attempt, {}))
            case Submitted(attempt, answer):
                # What another run submitted is not bought by this one.
                bought = {"cost": attempt.cost} if answer and attempt.paid else {}
                self.run.tell("submitted", take.name, task_id=attempt.task_id, **bought)
                return await self._collect(take, attempt, answer.done if answer else None)
            case Held(attempt) | Failed(attempt=Attempt() as attempt):
                self.keeper.pending(take.name, attempt)
                return submitted
            case Failed():
                return submitted

    async def _collect(self, take: Take, attempt: Attempt, answer: TaskState | None) -> Outcome:
        """See an accepted attempt through; shots that share a task wait for it together."""
        attempt = replace(attempt, error="")  # why an earlier run could not
        self.keeper.pending(take.name, attempt)

        async def collect() -> Attempt:
            finished = await wait_for_task(self.run, attempt, take.name, answer)
            return await download(self.run, finished, take.name)

        try:
            finished = await self.run.once(f"task {attempt.request_id}", collect)
        except TaskEnded as error:
            self.keeper.pending(take.name, error.attempt)
            return Failed(str(error), error.hint, error.attempt)
        except CogvidError as error:
            # It is paid for and goes on with the next run; until then `status` can say what is wrong.
            self.keeper.pending(take.name, replace(attempt, error=str(error)))
            raise
        return await self.finish(take, finished)

    async def _bring_back(
        self, take: Take, attempt: Attempt, upstream: Mapping[str, Attempt], *, shared: bool = False
    ) -> Attempt:
        """Have the file of a recorded clip in the cache again, free of charge.

        The attempt comes back with the address that the clip has now. With `shared` only the shared store
        knows of it.
        """
        clip = clip_of(attempt)

        async def bring() -> Attempt:
            if await asyncio.to_thread(self.run.ports.clips.find, clip):
                return attempt
            if attempt.provider == "preview":
                return await self._render_again(take, attempt, upstream)
            return await download(self.run, attempt, take.name, self._note_shared if shared else None)

        brought = await self.run.once(f"clip {clip.sha256}", bring)
        # Two requests may have come to the same bytes, and each keeps its own record.
        return brought if brought.request_id == attempt.request_id else replace(attempt, clip=brought.clip)

    async def _note_shared(self, attempt: Attempt) -> Attempt:
        """Tell the ledger of a colleague's attempt; what it knows stands, whatever a record claims."""
        standing = await self.run.ports.ledger.take_in(attempt)
        if standing.fingerprint != attempt.fingerprint:
            raise StoreError(
                f"the shared store says that {attempt.request_id!r} was an attempt at this, and the ledger "
                "that it was at something else",
                hint="see who wrote that record; --no-remote goes without the store",
            )
        return standing

    async def _render_again(self, take: Take, attempt: Attempt, upstream: Mapping[str, Attempt]) -> Attempt:
        provider = self.run.ports.provider()
        if not isinstance(provider, Renderer):
            raise CogvidError(f"the preview of {take.name!r} is not there, and nobody else can render it")
        # It shows the shot's name, and has the bytes of whatever encoder is installed: others will do.
        return await self._render(provider, take, replace(attempt, clip=None), upstream)

    async def _render(
        self, renderer: Renderer, take: Take, attempt: Attempt, upstream: Mapping[str, Attempt]
    ) -> Attempt:
        staged = self.run.ports.clips.staging(attempt.request_id)
        submission = await self._submission(take, upstream)

        def progress(fraction: float) -> None:
            self.run.tell("rendering", take.name, fraction=fraction)

        async with self.run.stoppable():
            await renderer.render(submission, staged, progress)
        attempt = replace(attempt, completed_at=attempt.completed_at or self.run.now())
        return await keep(self.run, attempt, staged)

    async def _submission(self, take: Take, upstream: Mapping[str, Attempt]) -> Submission:
        ports = self.run.ports

        async def read_frame(frame: ShotFrame) -> tuple[bytes, str]:
            path = await asyncio.to_thread(ports.clips.find, clip_of(upstream[frame.source]))
            if path is None:
                raise MediaError(f"the clip of {frame.source!r} is gone", hint="run the command again")
            return await ports.frames.extract(path, frame.at)

        return await make_submission(take, ports.read_image, read_frame, ports.fit_picture)

    async def _place(self, take: Take, attempt: Attempt) -> tuple[Labelled | None, list[str]]:
        """Put the clip under the take's name, labelled where that can be had.

        Comes back with what the lock is to say of that, and with warnings.
        """
        clips, clip = self.run.ports.clips, clip_of(attempt)
        labelled, warnings = await self.run.once(
            f"label of {clip.sha256}", lambda: self._labelled(take, attempt)
        )
        await asyncio.to_thread(clips.place, labelled or clip, take.name)
        return labelled or self.keeper.labelled(clip), warnings

    async def _labelled(self, take: Take, attempt: Attempt) -> tuple[Labelled | None, list[str]]:
        """The labelled copy, which stands in the lock or is made now. A clip is never lost over it."""
        ports, known = self.run.ports, self.keeper.labelled(clip_of(attempt))
        if known and await self._have_copy(take, known):
            return known, []
        if ports.labeller is None:
            return None, []
        try:
            return await asyncio.to_thread(write_labelled, ports.clips, ports.labeller, attempt), []
        except CogvidError as error:
            return None, [f"it lies there without a label: {error}"]

    async def _have_copy(self, take: Take, known: Labelled) -> bool:
        """Whether the copy that the lock names is here, or was in the shared store."""
        clips = self.run.ports.clips
        if await asyncio.to_thread(clips.find, known):
            return True
        staged = clips.staging(f"shared {known.sha256}")
        try:
            if not await fetch_shared(self.run, known, staged):
                return False
        except StoreError as error:
            self.run.tell("waiting", take.name, reason=str(error))
            return False
        await asyncio.to_thread(clips.adopt, staged, expected=known.sha256)
        return True


def clip_of(attempt: Attempt) -> Clip:
    """The clip of an attempt that is known to have one."""
    assert attempt.clip is not None
    return attempt.clip


def without_store(error: StoreError) -> str:
    """What to do where the shared store cannot be asked before something is bought."""
    return f"{error.hint or 'try again later'}; --no-remote goes without, and may pay for a colleague's clip"


def _wanted(action: Generate | Regenerate, provider: str, base_url: str) -> Attempt:
    assert action.fingerprint is not None
    return Attempt(
        state=State.INTENT,
        fingerprint=action.fingerprint,
        request=action.request,
        provider=provider,
        base_url=base_url,
        request_id="",
        cost=action.cost,
    )
