"""The pipeline: what the gate let through becomes redacted events in order, and those become batches."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from agent.core.account import EMPTY, Account, add
from agent.core.batch import Authority, Batch, Batcher
from agent.core.gate import Allowed, Dropped
from agent.core.observe import KeyObserved, Observation, PointerObserved, ScrollObserved, WindowInfo
from agent.core.redact.errors import RedactionFailed
from agent.core.redact.text import TextRedactor
from agent.core.text import End
from agent.core.triggers import Trigger
from agent.pipeline.keys import FAILED, KeyRow, spans_of
from agent.pipeline.slots import Line, Slot
from agent.pipeline.stamps import Ground, Moment
from agent.sources.screen import NoPicture, Picture
from schemas.events import (
    MODALITY_OF,
    FocusEvent,
    FrameEvent,
    GapEvent,
    GapReason,
    KeyEvent,
    LossAccount,
    Modality,
    PointerEvent,
    RedactionState,
    ScrollEvent,
)

MAX_LINE = 50_000
"""Slots in the line: ten minutes of the fastest typing. Past this, pointer moves are dropped and counted."""
WITHDRAWN = "withdrawn"
_OBSERVED = (KeyEvent, PointerEvent, ScrollEvent, FrameEvent)
"""Events that stand for something observed; the others are made by the agent and not in the account."""


@dataclass(slots=True)
class _Photo:
    """A place in line for a picture that was asked for."""

    ground: Ground
    slot: Slot
    trigger: Trigger
    until_ns: int | None = None  # when its gate closed: what was taken later is not kept


class Pipeline:
    """One episode's events, from the gate to closed batches. For one thread.

    Args:
        redactor: of the episode.
        episode: its random id.
        out: takes each closed batch.
        max_age_ns: a batch is closed at this age.
        first_seq: sequence of the first event; none from here on was ever used.
    """

    def __init__(
        self,
        redactor: TextRedactor,
        episode: str,
        out: Callable[[Batch], None],
        max_age_ns: int,
        first_seq: int,
    ) -> None:
        self._redactor = redactor
        self._batcher = Batcher(episode)
        self._out = out
        self.max_age_ns = max_age_ns
        self._line = Line()
        self._keys = KeyRow(self._line, redactor)
        self._account = Account()
        self._total = EMPTY
        self._seq = self._first = first_seq
        self._photos: dict[int, _Photo] = {}
        self._token = 0

    @property
    def failures(self) -> int:
        """Segments in a row that redaction could not handle."""
        return self._keys.failures

    def enter(self, ground: Ground, now: Moment) -> None:
        """A gate opened: its events follow. What still waits in line belongs to the gate before."""
        self._focus(ground, ground.gate.window, now, gained=True)

    def leave(self, ground: Ground, now: Moment, end: End = End.FOCUS) -> None:
        """That gate closed, and nothing was withdrawn: what was captured through it may be kept."""
        self._keys.finish(end)
        for photo in self._photos.values():
            photo.until_ns = min(photo.until_ns or now.mono_ns, now.mono_ns)
        self._focus(ground, ground.gate.window, now, gained=False)
        self._emit()

    def gap(self, ground: Ground, reason: GapReason, begin: Moment, until_ns: int) -> None:
        """Say why there was nothing between two gates of one consent."""
        common = replace(ground, since=begin).stamp(begin, RedactionState.NONE)  # it lies before this gate opened
        slot = self._line.join(Slot(None))
        slot.keep(lambda seq: (GapEvent(seq=seq, **common, reason=reason, until_ns=until_ns, count=0), b""))
        self._emit()

    def drop(self, dropped: Dropped) -> None:
        """Count what the gate did not let through."""
        self._account.see(dropped.modality)
        self._account.drop(dropped.modality, dropped.reason)

    def observe(self, ground: Ground, allowed: Allowed) -> None:
        """Take what the gate let through."""
        seen = allowed.observation
        modality = Modality.KEYBOARD if isinstance(seen, KeyObserved) else Modality.POINTER
        if isinstance(seen, PointerObserved) and seen.action == "move" and len(self._line) >= MAX_LINE:
            self.drop(Dropped(modality, "overflow"))
            return
        self._account.see(modality)
        if isinstance(seen, KeyObserved):
            self._keys.press(ground, seen)
        else:
            self._pointer(ground, seen)
        self._emit()

    def expect_picture(self, ground: Ground, trigger: Trigger) -> int:
        """Keep a place in line for a picture; gives the token that the answer must bear."""
        self._token += 1
        self._account.see(Modality.SCREEN)
        self._photos[self._token] = _Photo(ground, self._line.join(Slot(Modality.SCREEN)), trigger)
        return self._token

    def picture(self, token: int, picture: Picture | NoPicture, wall_offset_ns: int) -> None:
        """The answer for a place in line. One that was taken as the gate closed shows what nobody agreed to."""
        photo = self._photos.pop(token, None)
        if photo is None:
            return  # wiped in the meantime
        if isinstance(picture, NoPicture):
            photo.slot.drop(picture.reason)
        elif photo.until_ns is not None and picture.end_ns > photo.until_ns:
            photo.slot.drop("gate_closed")
        else:
            _keep_picture(photo, picture, wall_offset_ns, self._first)
        self._emit()

    def no_picture(self, token: int, reason: str) -> None:
        """There will be no answer for a place in line."""
        self.picture(token, NoPicture(reason), 0)

    def click(self) -> None:
        """A press may have moved the caret: the text before it is finished."""
        self._keys.finish(End.CLICK)

    def tick(self, now_ns: int) -> None:
        """Time has passed: end what is due."""
        deadline = self._keys.deadline_ns()
        if deadline is not None and now_ns >= deadline:
            self._keys.finish(End.IDLE)
        self._emit()
        if self._batcher.due(now_ns, self.max_age_ns):
            self.close_batch()

    def deadline_ns(self) -> int | None:
        """When :meth:`tick` next has something to do."""
        times = [self._keys.deadline_ns(), self._batcher.deadline_ns(self.max_age_ns)]
        return min((t for t in times if t is not None), default=None)

    def close_batch(self) -> None:
        """Close the open batch, if anything is in it."""
        self._settle()
        if batch := self._batcher.close():
            self._out(batch)

    def wipe(self, reason: str = WITHDRAWN) -> None:
        """Forget everything that is not sealed, and count it."""
        self._keys.wipe()
        self._photos.clear()
        self._line.drop_all(reason)
        for event in self._batcher.wipe():  # before anything leaves the line, which may close a batch
            if isinstance(event, _OBSERVED):
                modality = MODALITY_OF[type(event)]
                assert modality is not None  # noqa: S101  # observed events have one
                self._account.revoke(modality, reason)
        self._emit()

    def totals(self) -> LossAccount:
        """What was decided since the start."""
        self._settle()
        return self._total

    @property
    def held(self) -> int:
        """Observations not decided yet."""
        return self._line.held().total()

    def _settle(self) -> None:
        news = self._account.take(self._line.held())
        self._total = add(self._total, news)
        self._batcher.note(news)

    def _emit(self) -> None:
        for slot in self._line.leaving():
            if slot.authority is not None:
                self._begin(slot.authority)
            if slot.build is not None:
                event, image = slot.build(self._seq)
                self._seq += 1
                self._batcher.add(event, image)
                if slot.modality:
                    self._account.keep(slot.modality)
            elif slot.modality:
                self._account.drop(slot.modality, slot.dropped or "")

    def _begin(self, authority: Authority) -> None:
        self._settle()
        if batch := self._batcher.begin(authority):
            self._out(batch)

    def _focus(self, ground: Ground, window: WindowInfo, now: Moment, *, gained: bool) -> None:
        slot = self._line.join(Slot(None, ground.authority))
        try:
            title = self._redactor.redact(window.title) if window.title else None
        except RedactionFailed:
            slot.drop(FAILED)
            return
        state = RedactionState.REDACTED if title and title.spans else RedactionState.CLEAN
        common = ground.stamp(now, state)
        slot.keep(
            lambda seq: (
                FocusEvent(
                    seq=seq,
                    **common,
                    gained=gained,
                    rect=window.rect,
                    title=title.text if title else None,
                    spans=spans_of(title.spans) if title else [],
                    scale=window.scale,
                ),
                b"",
            )
        )

    def _pointer(self, ground: Ground, seen: Observation) -> None:
        assert isinstance(seen, PointerObserved | ScrollObserved)  # noqa: S101  # the only other kinds
        common = ground.stamp(
            Moment(seen.mono_ns, seen.wall_ns), RedactionState.NONE, clock=seen.clock, injected=seen.injected
        )
        left, top = ground.gate.window.rect[:2]
        where: dict[str, Any] = {
            "x": seen.x,
            "y": seen.y,
            "wx": seen.x - left,
            "wy": seen.y - top,
            "modifiers": seen.modifiers,
        }
        slot = self._line.join(Slot(Modality.POINTER))
        if isinstance(seen, ScrollObserved):
            slot.keep(
                lambda seq: (ScrollEvent(seq=seq, **common, **where, dx=seen.dx, dy=seen.dy, unit=seen.unit), b"")
            )
            return
        fields = {**where, "action": seen.action, "button": seen.button, "buttons": seen.buttons}
        scale = ground.gate.window.scale
        slot.keep(lambda seq: (PointerEvent(seq=seq, **common, **fields, scale=scale), b""))


def _keep_picture(photo: _Photo, taken: Picture, wall_offset_ns: int, first: int) -> None:
    """Decide for a picture; its number, counted from 0 by the photographer, is made unique on this device."""
    common = photo.ground.stamp(Moment(taken.start_ns, taken.start_ns + wall_offset_ns), RedactionState.MASKED)
    photo.slot.keep(
        lambda seq: (
            FrameEvent(
                seq=seq,
                **common,
                frame=first + taken.number,
                base=None if taken.base is None else first + taken.base,
                trigger=photo.trigger.value,
                start_ns=taken.start_ns,
                end_ns=taken.end_ns,
                rect=taken.rect,
                patch=taken.patch,
                dirty=taken.dirty,
                masks=taken.masks,
                scale=taken.scale,
                cursor=False,
                format="webp",
                sha256=taken.sha256,
                offset=0,
                size=0,
            ),
            taken.image,
        )
    )
