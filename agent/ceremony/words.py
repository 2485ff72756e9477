"""Every text of the ceremony, by language (BCP 47). English is complete; another language is one more table.

What a text promises must be true of this release: a change here is a change of what people agreed to.
"""

from collections.abc import Mapping
from types import MappingProxyType

ENGLISH = "en"
"""The language in which every text exists."""

_EN = {
    "window.title": "Your choice",
    "question": "Do you want to take part in “{study}”?",
    "asked_by": "{organisation} asks. Nothing is captured unless you say yes, and you can stop at any time.",
    "purpose.title": "What it is for",
    "purpose.use": "It will train programs that use a computer as people do.",
    "purpose.never": "It may never be used to judge your work: not for appraisal, pay, discipline or dismissal.",
    "notice.title": "The notice, in {organisation}'s words",
    "captured.title": "What would be captured",
    "captured.where": "Only in the apps that you tick, only while one of them has the focus, and only while the"
    " Overt icon is visible.",
    "keyboard": "Keyboard",
    "keyboard.what": "What you type and which keys you press.",
    "pointer": "Pointer",
    "pointer.what": "Where the pointer moves, and what it clicks and scrolls, inside the app's window.",
    "screen": "Screen",
    "screen.layout": "Pictures of the app's window. All text in them is covered; the layout stays.",
    "screen.reveal": "Pictures of the app's window. Text is covered, except lines that are recognised as harmless.",
    "never.title": "What is not captured",
    "never.apps": "Anything in an app that you do not tick, and anything outside that app's window.",
    "never.devices": "Sound, camera, clipboard, files, and which other apps or sites you use.",
    "never.secrets": "What is recognised as a password, key, number or personal detail is replaced before it is kept."
    " Recognition is good, not perfect: pause before you type what nobody should ever see.",
    "readers.title": "Who can read it",
    "readers.sealed": "It is encrypted on this machine. The server that stores it cannot read it. These people can:",
    "readers.you": "You can read it too, with a key that stays on this machine.",
    "fingerprint": "Fingerprint of the key: {fingerprint}",
    "keeping.title": "How long, where, and under which law",
    "keeping.days": "Erased after {days} days at the latest. Stored in: {location}. Law: {jurisdiction}.",
    "keeping.again": "Your yes ends by itself after {days} days. You would be asked again.",
    "keeping.assessment": "Impact assessment: {where}",
    "stop.title": "How to stop",
    "stop.how": "Click the Overt icon and choose Turn off, or run: overt off. It stops at once, also offline.",
    "stop.pause": "Pause in the same menu stops for a while and goes on by itself.",
    "stop.withdraw": "Off takes back your consent until you say yes again. You need no reason.",
    "no.title": "If you say no",
    "no.consequence": "Saying no has no consequence. Your work goes on as before, and nothing is captured.",
    "no.private": "Who takes part is not shown to managers or to IT.",
    "complain.title": "Questions and complaints",
    "complain.where": "Complaints: {complaints}",
    "complain.controller": "Answerable: {name}, {address}. Contact: {contact}",
    "choose.title": "What you agree to",
    "choose.help": "Tick only what you want to share. Nothing is ticked for you.",
    "choose.app": "App",
    "choose.label": "{modality} in {app}",
    "choose.not_asked": "not asked for",
    "timing.title": "How exactly times are kept",
    "timing.help": "Typing rhythm can identify people. The least is chosen until you choose more.",
    "timing.exact": "Exact times",
    "timing.10ms": "Rounded to 10 milliseconds",
    "timing.order": "Only the order of events",
    "yes": "&Yes, turn it on",
    "no": "&No",
    "not_now": "Not no&w",
    "hint.read": "Please read to the end of the left side first.",
    "hint.tick": "To say yes, tick at least one box.",
    "hint.ready": "Yes turns on what you ticked. No and Not now turn nothing on.",
    "reader.name": "What you are asked",
    "done.yes": "On. The Overt icon shows what is captured, and turns it off.",
    "done.no": "Nothing is captured. Your no is kept on this machine.",
    "done.not_now": "Nothing was changed.",
    "error.title": "Your answer does not count",
    "error.text": "{error}.\n\nTo go on: {remedy}.",
    "tty.more": "Enter: go on.  q: not now.  ",
    "tty.capture": "Capture it? [y/N] ",
    "tty.help": "Answer y only for what you want to share. Enter alone is a no.",
    "tty.app": "In {app}",
    "tty.programs": "Program: {programs}",
    "tty.answer_y_n": "Please type y or n.",
    "tty.number": "Number [{default}]: ",
    "tty.answer_number": "Please type one of the numbers.",
    "tty.nothing": "You chose nothing, so there is nothing to turn on.",
    "tty.summary": "You chose",
    "tty.no_other": "Nothing else.",
    "tty.phrase": "I agree",
    "tty.confirm": "To say yes, type “{phrase}” in full and press Enter. To decide later, press Ctrl+C."
    " Anything else is a no.",
    "tty.prompt": "Your answer: ",
}

TABLES: Mapping[str, Mapping[str, str]] = MappingProxyType({ENGLISH: MappingProxyType(_EN)})
"""All texts, by language and key."""


class Words:
    """The texts in one language; English where it lacks one."""

    def __init__(self, language: str = ENGLISH) -> None:
        self._table = TABLES.get(language, TABLES.get(language.partition("-")[0], TABLES[ENGLISH]))

    def __call__(self, key: str, **fields: object) -> str:
        """A text with its fields filled in.

        Raises:
            KeyError: there is no such text.
        """
        text = self._table.get(key) or TABLES[ENGLISH][key]
        return text.format(**fields) if fields else text

    def plain(self, key: str) -> str:
        """A button's text without its mnemonic."""
        return self(key).replace("&", "")


def choose_language(offered: Mapping[str, str], preferred: str) -> str:
    """The language of the notice that a person most likely reads.

    Args:
        offered: the notice by language.
        preferred: the session's language, such as ``de-AT`` or ``de_AT.UTF-8``.
    """
    wanted = preferred.partition(".")[0].replace("_", "-")
    for language in (wanted, wanted.partition("-")[0], ENGLISH):
        if language in offered:
            return language
    return min(offered)
