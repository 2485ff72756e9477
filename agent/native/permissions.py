"""What a person has to allow in their system's settings before capture is possible there. Pure.

Nothing here asks for a permission, and nothing evades a prompt: it is looked up, and where it lacks, its page is named.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from agent.native.base import Capabilities, Capability, NativeUnavailable
from schemas.events import Modality

_PRIVACY = "x-apple.systempreferences:com.apple.preference.security?Privacy_"


class Permission(Struct, frozen=True):
    """One switch in the settings."""

    id: str
    name: str  # as its page is called
    page: str  # opens that page
    needed_for: frozenset[Modality]


ALL = frozenset(Modality)
DARWIN: Sequence[Permission] = (
    Permission("accessibility", "Privacy & Security → Accessibility", f"{_PRIVACY}Accessibility", ALL),
    Permission("input", "Privacy & Security → Input Monitoring", f"{_PRIVACY}ListenEvent",
               frozenset({Modality.KEYBOARD, Modality.POINTER})),
    Permission("screen", "Privacy & Security → Screen & System Audio Recording", f"{_PRIVACY}ScreenCapture", ALL),
)  # fmt: skip
"""macOS. Accessibility: which window has focus. Screen recording: pictures, and the badge, without which is no sign."""


class Found(Struct, frozen=True):
    """A permission as it is now."""

    permission: Permission
    granted: bool

    @property
    def remedy(self) -> str:
        """What to do if it lacks."""
        return (
            f"allow Overt under {self.permission.name} (open {self.permission.page}), then overt stop and overt start"
        )


def look(permissions: Sequence[Permission], granted: Mapping[str, bool]) -> tuple[Found, ...]:
    """Each permission with its state; what is not known is not granted."""
    return tuple(Found(one, granted.get(one.id, False)) for one in permissions)


def capabilities(found: Sequence[Found], why: str) -> Capabilities:
    """What can be had with these."""

    def of(modality: Modality) -> Capability:
        lacks = any(modality in one.permission.needed_for and not one.granted for one in found)
        return Capability.REFUSED if lacks else Capability.OFFERED

    missing = [one.permission.name for one in found if not one.granted]
    return Capabilities(
        keyboard=of(Modality.KEYBOARD),
        pointer=of(Modality.POINTER),
        screen=of(Modality.SCREEN),
        why=f"not allowed in the settings: {'; '.join(missing)}" if missing else why,
    )


def require(found: Sequence[Found], modality: Modality) -> None:
    """Do nothing if all that a modality needs is allowed.

    Raises:
        NativeUnavailable: It is not; the remedy names the page.
    """
    for one in found:
        if modality in one.permission.needed_for and not one.granted:
            raise NativeUnavailable(f"Overt is not allowed: {one.permission.name}", one.remedy)
