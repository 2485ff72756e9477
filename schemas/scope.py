"""A scope: what may be captured, app by app and modality by modality."""

from enum import StrEnum

from pydantic import model_validator

from schemas.base import Document, Sensitivity, Slug, canonical, digest, note
from schemas.events import Modality


class TimingTier(StrEnum):
    """How exactly event times are kept, from finest to coarsest. Typing rhythm identifies people."""

    EXACT = "exact"
    TEN_MS = "10ms"
    ORDER = "order"


class ScreenMode(StrEnum):
    """How much of a window's picture is kept, from most to least."""

    REVEAL = "reveal"
    LAYOUT = "layout"
    NONE = "none"


class AppScope(Document):
    """One app and what may be captured in it."""

    app: Slug = note("policy's id of the app")
    modalities: tuple[Modality, ...] = note("agreed modalities, sorted", sensitivity=Sensitivity.BEHAVIOUR)
    screen: ScreenMode = note("how much of the picture", default=ScreenMode.LAYOUT)

    @model_validator(mode="after")
    def _sorted(self) -> "AppScope":
        if list(self.modalities) != sorted(set(self.modalities)):
            raise ValueError("modalities must be sorted and distinct")
        return self


class Scope(Document):
    """Apps with their modalities, and one timing tier for all."""

    apps: tuple[AppScope, ...] = note("allowed apps, sorted by id", max_length=1000)
    timing: TimingTier = note("how exactly times are kept")

    @model_validator(mode="after")
    def _sorted(self) -> "Scope":
        ids = [a.app for a in self.apps]
        if ids != sorted(set(ids)):
            raise ValueError("apps must be sorted and distinct")
        return self

    @property
    def digest(self) -> str:
        """Digest of the canonical form."""
        return digest(canonical(self))

    def of(self, app: str) -> frozenset[Modality]:
        """The modalities that may be captured in an app; empty for an app that is not in scope."""
        return next((frozenset(a.modalities) for a in self.apps if a.app == app), frozenset())

    def screen_of(self, app: str) -> ScreenMode:
        """How much of an app's picture may be kept."""
        found = next((a for a in self.apps if a.app == app), None)
        return found.screen if found and Modality.SCREEN in found.modalities else ScreenMode.NONE
