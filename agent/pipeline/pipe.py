"""The pipeline: what the gate let through becomes redacted events in order, and those become batches."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from agent.core.account import EMPTY, Account, add
from agent.core.batch import Authority, Batch, Batcher
from agent.core.cut import OBSERVED
from agent.core.erase import WITHDRAWN
from agent.core.gate import Allowed, Dropped
from agent.core.observe import MODALITY_OF as KIND_OF
from agent.core.observe import ClipboardObserved, ElementObserved, KeyObserved, PointerObserved, TextObserved
from agent.core.redact.errors import RedactionFailed
from agent.core.redact.text import TextRedactor
from agent.core.text import End
from agent.core.triggers import Trigger
from agent.pipeline.build import clipboard_event, element_of, focus_event, frame_event, pointer_event
from agent.pipeline.keys import FAILED, KeyRow
from agent.pipeline.slots import HOLD_NS, Line, Slot
from agent.pipeline.stamps import Ground, Moment
from agent.sources.pictures import NoPicture, Picture
from schemas.events import (
    MODALITY_OF,
    GapEvent,
    GapReason,
    LossAccount,
    Modality,
    RedactionState,
)

MAX_LINE = 50_000
"""Slots in the line: ten minutes of the fastest typing. Past this, pointer moves are dropped and counted."""
MAX_PRESSES = 8
"""Presses of which something may be heard yet: nobody clicks more often while one waits in line (250 ms)."""
FOREVER_NS = 1 << 63
"""Later than any time."""
UNSETTLED = "unsettled"
"""Dropped, because the end came before it was clear where it went."""
_OF_A_PRESS = frozenset({Trigger.PRESS, Trigger.SETTLE})
"""Pictures that follow a press; one taken before it cannot know its number."""


@dataclass(slots=True)
class _Photo:
    """A place in line for a picture that was asked for."""

    ground: Ground
    slot: Slot
    trigger: Trigger
    press: Slot | None  # the press that called for it
    until_ns: int | None = None  # when its gate closed: what was taken later is not kept


@dataclass(slots=True)
class _Press:
    """A press of a button, of which something may be heard yet."""

    ground: Ground
    seen: PointerObserved
    slot: Slot


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
        self._presses: deque[_Press] = deque(maxlen=MAX_PRESSES)
        self._seals = False  # the batch is to be closed once the line is empty
        self._held_ns = FOREVER_NS  # what happened from then on waits for news that are on their way

    @property
    def failures(self) -> int:
        """Segments in a row that redaction could not handle."""
        return self._keys.failures

    def enter(self, ground: Ground, now: Moment) -> None:
        """A gate opened: its events follow. What still waits in line belongs to the gate before."""
        self._focus(ground, now, gained=True)

    def leave(self, ground: Ground, now: Moment, end: End = End.FOCUS) -> None:
        """That gate closed, and nothing was withdrawn: what was captured through it may be kept."""
        self._keys.finish(end)
        for photo in self._photos.values():
            photo.until_ns = min(photo.until_ns or now.mono_ns, now.mono_ns)
        self._focus(ground, now, gained=False)

    def gap(self, ground: Ground, reason: GapReason, begin: Moment, until_ns: int) -> None:
        """Say why there was nothing between two gates of one consent."""
        common = replace(ground, since=begin).stamp(begin, RedactionState.NONE)  # it lies before this gate opened
        slot = self._line.join(Slot(None, until_ns))
        slot.keep(lambda seq: (GapEvent(seq=seq, **common, reason=reason, until_ns=until_ns, count=0), b""))

    def drop(self, dropped: Dropped) -> None:
        """Count what the gate did not let through."""
        self._account.see(dropped.modality)
        self._account.drop(dropped.modality, dropped.reason)

    def observe(self, ground: Ground, allowed: Allowed) -> None:
        """Take what the gate let through."""
        seen = allowed.observation
        modality = KIND_OF[type(seen)]
        if isinstance(seen, PointerObserved) and seen.action == "move" and len(self._line) >= MAX_LINE:
            self.drop(Dropped(modality, "overflow"))
            return
        self._account.see(modality)
        if isinstance(seen, KeyObserved | TextObserved):
            self._keys.press(ground, seen)
        elif isinstance(seen, ClipboardObserved):
            self._line.join(Slot(modality, seen.mono_ns)).keep(clipboard_event(ground, seen))
        else:
            slot = self._line.join(Slot(modality, seen.mono_ns))
            slot.keep(pointer_event(ground, seen))
            if isinstance(seen, PointerObserved) and seen.action == "down":
                self._presses.append(_Press(ground, seen, slot))

    def met(self, press: PointerObserved, element: ElementObserved) -> None:
        """What a press met. It is told with it, unless the press left the line by now."""
        met = next((one for one in self._presses if one.seen is press), None)
        if met is None:
            return
        try:
            name = self._redactor.redact(element.name) if element.name else None
        except RedactionFailed:
            name = None
        met.slot.keep(pointer_event(met.ground, met.seen, element_of(element, name)))

    def expect_picture(self, ground: Ground, trigger: Trigger, now_ns: int) -> int:
        """Keep a place in line for a picture; gives the token that the answer must bear."""
        self._token += 1
        self._account.see(Modality.SCREEN)
        press = self._presses[-1].slot if self._presses and trigger in _OF_A_PRESS else None
        slot = self._line.join(Slot(Modality.SCREEN, now_ns))
        self._photos[self._token] = _Photo(ground, slot, trigger, press)
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
            photo.slot.at_ns = picture.end_ns
            build = frame_event(photo.ground, photo.trigger, picture, wall_offset_ns, self._first, photo.press)
            photo.slot.keep(build)

    def no_picture(self, token: int, reason: str) -> None:
        """There will be no answer for a place in line."""
        self.picture(token, NoPicture(reason), 0)

    def click(self) -> None:
        """A press may have moved the caret: the text before it is finished."""
        self._keys.finish(End.CLICK)

    def hold(self, since_ns: int | None) -> None:
        """From now on let nothing leave that happened since then; ``None``: everything may that has waited enough."""
        self._held_ns = FOREVER_NS if since_ns is None else since_ns

    def tick(self, now_ns: int) -> None:
        """Time has passed: end what is due."""
        deadline = self._keys.deadline_ns()
        if deadline is not None and now_ns >= deadline:
            self._keys.finish(End.IDLE)
        self._emit(min(now_ns - HOLD_NS, self._held_ns - 1))
        if self._batcher.due(now_ns, self.max_age_ns) or (self._seals and not self._line):
            self.close_batch()

    def deadline_ns(self) -> int | None:
        """When :meth:`tick` next has something to do."""
        times = [self._keys.deadline_ns(), self._batcher.deadline_ns(self.max_age_ns)]
        times.append(self._line.due_ns(self._held_ns))
        return min((t for t in times if t is not None), default=None)

    def retract(self, since_ns: int, reason: str) -> None:
        """Late news: what was observed from that time on should not have been. It is dropped, and counted."""
        self._keys.retract(since_ns, reason)
        self._line.drop_since(since_ns, reason)
        for photo in self._photos.values():
            photo.until_ns = min(photo.until_ns or since_ns, since_ns)

    def seal_soon(self) -> None:
        """Close the open batch as soon as what is in line has left it: nothing more comes for now."""
        self._seals = True
        if not self._line:
            self.close_batch()

    def flush(self) -> None:
        """An end: no news can come any more. Whatever is decided and settled is kept, and the open batch closed."""
        if self._held_ns < FOREVER_NS:
            self.retract(self._held_ns, UNSETTLED)  # and not the line alone: a text tells of its keys
        self._emit(FOREVER_NS)
        self.close_batch()

    def close_batch(self) -> None:
        """Close the open batch, if anything is in it."""
        self._seals = False
        self._settle()
        if batch := self._batcher.close():
            self._out(batch)

    def wipe(self, reason: str = WITHDRAWN) -> None:
        """Forget everything that is not sealed, and count it."""
        self._seals = False
        self._keys.wipe()
        self._photos.clear()
        self._presses.clear()
        self._line.drop_all(reason)
        for event in self._batcher.wipe():  # before anything leaves the line, which may close a batch
            if isinstance(event, OBSERVED):
                modality = MODALITY_OF[type(event)]
                assert modality is not None  # noqa: S101  # observed events have one
                self._account.revoke(modality, reason)
        self._emit(0)  # all of them are dropped

    def totals(self) -> LossAccount:
        """What was decided since the start."""
        self._settle()
        return self._total

    @property
    def held(self) -> int:
        """Observations not decided yet."""
        return self._line.held().total()

    @property
    def unsealed(self) -> int:
        """Events in the batch that is still open."""
        return len(self._batcher)

    def _settle(self) -> None:
        news = self._account.take(self._line.held())
        self._total = add(self._total, news)
        self._batcher.note(news)

    def _emit(self, until_ns: int) -> None:
        for slot in self._line.leaving(until_ns):
            if slot.authority is not None:
                self._begin(slot.authority)
            if slot.build is not None:
                slot.seq = self._seq
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

    def _focus(self, ground: Ground, now: Moment, *, gained: bool) -> None:
        slot = self._line.join(Slot(None, now.mono_ns, ground.authority))
        title = ground.gate.window.title
        try:
            slot.keep(focus_event(ground, now, self._redactor.redact(title) if title else None, gained=gained))
        except RedactionFailed:
            slot.drop(FAILED)
