"""How to load the extension by hand, browser by browser: only the person can do that."""

from collections.abc import Sequence

STEPS = {
    "chromium": (
        "In Chromium, Chrome or Edge: open chrome://extensions, turn on “Developer mode”,",
        "choose “Load unpacked”, and this folder: {folder}",
    ),
    "firefox": (
        "In Firefox: open about:debugging#/runtime/this-firefox, choose “Load Temporary Add-on”, and",
        "{folder}/manifest.json. Firefox forgets it when it ends; for good, IT has to have it signed.",
    ),
}


def browser_help(rows: Sequence[dict[str, str]]) -> list[str]:
    """What to do next, after an installation."""
    folders = dict.fromkeys(row["extension"] for row in rows)
    lines = [
        "The browsers of this account now know Overt's program. What is left, only you can do, or your IT by policy:"
    ]
    for folder in folders:
        steps = STEPS[folder.rpartition("/")[2]]
        lines += ["", *(step.format(folder=folder) for step in steps)]
    return [
        *lines,
        "",
        "It sees the study's sites and no other. It tells Overt which of them has the keys, by its origin, and if in",
        "a field for a password, a card or a code; nothing else.",
        "Pages that are open already have to be loaded again.",
    ]
