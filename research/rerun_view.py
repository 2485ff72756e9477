"""A replay for Rerun (https://rerun.io): the same episode as an ``.rrd`` file, with times, pictures, pointer and text.

Needs the extra ``overt[rerun]``. It opens with ``rerun FILE``; that viewer, which is not started here, tells its makers
how it is used unless ``rerun analytics disable`` was run before.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from research.disk import sync_folder
from research.errors import ExportError
from research.painting import Painter
from research.view import Episode

APP: Final = "overt-replay"
TIMELINE: Final = "time"


def write(episode: Episode, out: Path) -> dict[str, Any]:
    """Write one episode.

    Args:
        episode: as :func:`research.view.load` gives it, with the pictures' bytes.
        out: file to write.

    Raises:
        ExportError: Rerun is not installed, or the file cannot be written.
    """
    rr = _rerun()
    part = out.with_name(f"{out.name}.new")
    stream = rr.RecordingStream(APP, recording_id=episode.about["episode"])
    try:
        stream.save(part)
        stream.log("about", rr.TextDocument(str(episode.about)), static=True)
        shown = _pictures(rr, stream, episode)
        for event in episode.events:
            stream.set_time(TIMELINE, duration=event["t"] / 1000)
            _event(rr, stream, event)
        stream.flush()
        stream.disconnect()
        part.chmod(0o600)
        part.replace(out)
        sync_folder(out.parent)
    except OSError as error:
        raise ExportError(f"cannot write {out}: {error.strerror}", "Choose another file.") from None
    return {"events": len(episode.events), "pictures": shown, "cut": episode.cut, "file": str(out)}


def _pictures(rr: Any, stream: Any, episode: Episode) -> int:
    painter, shown = Painter(), 0
    at = {event["seq"]: event["t"] for event in episode.events if event["kind"] == "frame"}
    for row in episode.pictures:
        painter.add(row["frame"], row.get("base"), row["rect"], row["patch"], row["image"])
        whole = painter.whole(row["frame"])
        if whole and row["seq"] in at:
            stream.set_time(TIMELINE, duration=at[row["seq"]] / 1000)
            stream.log("window", rr.Transform3D(translation=[*map(float, row["rect"][:2]), 0.0]))
            stream.log("window/picture", rr.EncodedImage(contents=whole, media_type="image/webp"))
            shown += 1
    return shown


def _event(rr: Any, stream: Any, event: dict[str, Any]) -> None:
    if "x" in event:
        stream.log("pointer", rr.Points2D([[event["x"], event["y"]]], radii=6))
    told: dict[str, Callable[[], str | None]] = {
        "keyboard": lambda: f"key {event.get('text', '·')}" if event.get("down") else None,
        "text": lambda: f"typed {event['text']}",
        "pointer": lambda: None if event["action"] == "move" else event["action"],
        "scroll": lambda: f"scroll {event.get('dy')}",
        "focus": lambda: f"window of {event['app']} {event.get('title', '')}",
        "gap": lambda: f"gap: {event.get('reason')}",
    }
    words = told[event["kind"]]() if event["kind"] in told else None
    if words:
        level = rr.TextLogLevel.WARN if event["kind"] == "gap" else rr.TextLogLevel.INFO
        stream.log("events", rr.TextLog(words, level=level))


def _rerun() -> Any:
    try:
        import rerun  # noqa: PLC0415  # an extra of 170 MB: only who asks for it needs it
    except ImportError:
        raise ExportError("Rerun is not installed", "pip install 'overt[rerun]', or leave --format rrd out.") from None
    return rerun
