"""What the demo types: made anew each time, so that nothing in the repository looks like a secret."""

import random
import string
from dataclasses import dataclass

PROSE = "quokkas graze near the harbour"
"""Dull words that must arrive: the proof that something was captured at all."""


@dataclass(frozen=True)
class Planted:
    """Values that must not be found anywhere in the open, and the canaries typed where nothing may be captured."""

    email: str
    card: str
    api_key: str
    password: str
    before: str  # typed into the allowed app before any consent
    forbidden: str  # typed into the forbidden app while capturing
    after: str  # typed into the allowed app after the off

    def secrets(self) -> dict[str, str]:
        """What redaction must take out."""
        return {
            "e-mail address": self.email,
            "card number": self.card,
            "API key": self.api_key,
            "password": self.password,
        }

    def canaries(self) -> dict[str, str]:
        """What must never have been seen."""
        return {
            "canary before consent": self.before,
            "canary in the forbidden app": self.forbidden,
            "canary after the off": self.after,
        }


def plant(seed: int) -> Planted:
    """Values drawn from a seed."""
    dice = random.Random(seed)  # noqa: S311  # planted values, not secrets

    def draw(alphabet: str, length: int) -> str:
        return "".join(dice.choices(alphabet, k=length))

    low = string.ascii_lowercase
    return Planted(
        email=f"{draw(low, 8)}.{draw(low, 8)}@{draw(low, 8)}.example",
        card=luhn("4" + draw(string.digits, 14)),
        api_key="ghp" + "_" + draw(string.ascii_letters + string.digits, 36),
        password=draw(low, 5) + draw(string.digits, 3) + draw("!%+=?", 2) + draw(low, 4),
        before=f"before-{draw(low, 12)}",
        forbidden=f"forbidden-{draw(low, 12)}",
        after=f"after-{draw(low, 12)}",
    )


def luhn(digits: str) -> str:
    """The digits with the check digit of ISO/IEC 7812-1."""
    total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(reversed(digits)))
    return digits + str(-total % 10)
