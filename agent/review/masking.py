"""What should have been masked: in everything that still lies here, and from now on before anything is kept."""

import cv2
import numpy as np
from msgspec.structs import replace

from agent.ceremony.halt import tell_daemon
from agent.core.redact.pixels import fill
from agent.core.remask import masked, texts_with
from agent.disk.masks import MAX_RULES, Masks, read_masks, write_masks
from agent.disk.parts import Why
from agent.disk.places import Places
from agent.errors import OvertError
from agent.review.desk import Desk
from agent.review.opening import Opened
from agent.review.pictures import inside
from agent.review.removing import Entropy, Plan, carry, sealed_part
from agent.sources.screen import encode
from schemas.base import SchemaError, digest
from schemas.events import Event, FrameEvent, Mask, MaskClass, Rect
from schemas.payload import Payload


class NotMaskedError(OvertError):
    """A mask could not be kept. What is masked already stays so."""

    remedy = "overt doctor; if the file of your masks is damaged: overt review unmask --all"


def mask_words(desk: Desk, phrase: str, entropy: Entropy) -> int:
    """Mask words from now on, and in what lies here; gives in how many places they were.

    Raises:
        NotMaskedError: the rule cannot be kept.
        DeletionError: what lies here is not masked yet.
    """
    key = desk.found.key
    if key is None:
        raise NotMaskedError("the device's key is not at hand", "unlock your keyring and try again")
    rule = Masks().finder(key).rule(phrase)
    if rule is None:
        raise NotMaskedError("there is no word in it, or there are too many", "choose 1 to 12 words")
    known = _read(desk)
    _keep(desk.places, replace(known, words=(*(w for w in known.words if w != rule), rule)))
    personal, found = Masks(words=(rule,)).finder(key), 0

    def make(_seqs: frozenset[int]) -> Plan:
        nonlocal found
        opened = desk.open(desk.rows()).opened
        texts = texts_with([one.payload for one in opened], personal)
        changed = [(one, *masked(one.payload, personal, texts)) for one in opened]
        found = max(found, sum(count for _, _, count in changed))
        return _plan(desk, [(one, payload) for one, payload, count in changed if count], entropy)

    desk.seal()
    carry(desk, make, Why.MASK)
    return found


def mask_region(desk: Desk, app: str, rect: Rect, entropy: Entropy) -> int:
    """Fill a rectangle in every picture of an app from now on, and in those that lie here; gives in how many.

    Raises:
        NotMaskedError: the rule cannot be kept.
        DeletionError: what lies here is not masked yet.
    """
    known = _read(desk)
    _keep(desk.places, replace(known, regions=(*(r for r in known.regions if r != (app, rect)), (app, rect))))
    found = 0

    def make(_seqs: frozenset[int]) -> Plan:
        nonlocal found
        opened = desk.open(desk.rows()).opened
        changed = [(one, *filled(one.payload, app, rect)) for one in opened]
        found = max(found, sum(count for _, _, count in changed))
        return _plan(desk, [(one, payload) for one, payload, count in changed if count], entropy)

    desk.seal()
    carry(desk, make, Why.MASK)
    return found


def forget_masks(places: Places) -> None:
    """Let go all of the person's own masks. What is masked already stays so.

    Raises:
        NotMaskedError: the disk refuses.
    """
    _keep(places, Masks())


def filled(payload: Payload, app: str, rect: Rect) -> tuple[Payload, int]:
    """A batch whose pictures of an app have a rectangle filled, and how many were changed.

    Raises:
        ValueError: a picture cannot be read or written.
    """
    events, images, size, count = list[Event](), list[bytes](), 0, 0
    mask = Mask(rect, MaskClass.PERSONAL_RULE)
    for event in payload.events:
        kept = event
        if isinstance(event, FrameEvent):
            image = payload.image(event)
            left, top, right, bottom = event.patch
            moved = (rect[0] - left, rect[1] - top, rect[2] - left, rect[3] - top)
            here = inside(moved, right - left, bottom - top)
            if event.app == app and here is not None and mask not in event.masks:
                image, count = _filled_image(image, here), count + 1
                kept = replace(event, masks=[*event.masks, mask], sha256=digest(image))
            assert isinstance(kept, FrameEvent)  # noqa: S101  # it is the same picture
            kept = replace(kept, offset=size, size=len(image))
            images.append(image)
            size += len(image)
        events.append(kept)
    return (Payload(events, b"".join(images), payload.account, payload.episode), count) if count else (payload, 0)


def _filled_image(image: bytes, rect: Rect) -> bytes:
    pixels = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError("a picture cannot be read")
    height, width = pixels.shape[:2]
    return encode(fill(np.asarray(pixels, np.uint8), [rect]), (0, 0, width, height))


def _plan(desk: Desk, changed: list[tuple[Opened, Payload]], entropy: Entropy) -> Plan:
    try:
        parts = [sealed_part(desk, one, payload, 0, entropy) for one, payload in changed]
    except SchemaError:
        raise NotMaskedError("not everybody is known for whom the batches were sealed", "delete them instead") from None
    return Plan(parts=tuple(parts))


def _read(desk: Desk) -> Masks:
    try:
        return read_masks(desk.places.masks)
    except OSError:
        raise NotMaskedError("the file of your masks cannot be read") from None


def _keep(places: Places, masks: Masks) -> None:
    if max(len(masks.words), len(masks.regions)) > MAX_RULES:
        raise NotMaskedError(f"there are {MAX_RULES} masks already", "overt review unmask --all")
    try:
        write_masks(places.masks, masks)
    except OSError as error:
        raise NotMaskedError(f"the disk refuses: {error.strerror}") from None
    tell_daemon(places, "reload")
