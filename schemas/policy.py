"""The policy: what an organisation's study allows at most. A policy only ever narrows (G4).

Every key carries, besides its meaning, unit and sensitivity, the rule by which several sources of policy combine
(``x-combine``), who may set it (``x-scope``) and the version that brought it (``x-since``): see
:mod:`schemas.policy_keys`. There is no key that grants capture, hides the sign, shortens the notice, lengthens consent
or tells who takes part; unknown keys are refused. What further sources may narrow is in :mod:`schemas.limits`.
"""

import re
from typing import Literal

from pydantic import field_validator, model_validator

from schemas.base import Digest, Document, Slug, note
from schemas.events import Modality
from schemas.origin import is_origin
from schemas.policy_keys import SIGNED, Combine, key
from schemas.scope import ScreenMode, TimingTier
from schemas.times import Instant

MAX_CONSENT_DAYS = 90
"""Days after which consent is asked for again, at the latest."""

PACKAGE = re.compile(r"deb:[a-z0-9][a-z0-9+.-]{1,120}", re.ASCII)
"""A Debian package (Debian Policy 5.6.1)."""

MIN_UPLOAD_BYTES_S = 16 << 10
"""Bytes a second. Slower, the collector would cut a part of an upload off before it was through."""
MIN_SPOOL_BYTES = 1 << 20
"""Bytes. Less than a few batches would close the gate at once and for good."""


class AppRule(Document):
    """One app of the allow-list, and how it is recognised.

    With ``origins`` it is a web app: it is in front while one of the programs, which are browsers then, shows a page of
    one of the origins. Without, it is the whole program.
    """

    id: Slug = note("stable id, as consent and events cite it")
    name: str = note("its name, for people", min_length=1, max_length=80)
    category: Literal["mail", "chat", "ide", "assistant", "other"] = note("what it is for, for people")
    executables: tuple[str, ...] = note(
        "resolved paths of its program, any of which matches", max_length=50, default=()
    )
    packages: tuple[str, ...] | None = note(
        "system packages any program of which matches, such as deb:mousepad, sorted; left out for none",
        default=None,
        max_length=50,
    )
    origins: tuple[str, ...] | None = note(
        "origins of a web app (scheme, host, port), sorted; left out for a program", default=None, max_length=50
    )
    modalities: tuple[Modality, ...] = note("modalities that may be offered, sorted")
    screen: ScreenMode = note("the most of its picture that may be kept", default=ScreenMode.LAYOUT)

    @field_validator("executables")
    @classmethod
    def _absolute(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(p.startswith("/") or p[1:3] == ":\\" for p in value):
            raise ValueError("must be absolute paths: a bare name can be had by any program")
        return value

    @property
    def known_by(self) -> tuple[str, ...]:
        """Everything by which its program is recognised."""
        return (*self.executables, *(self.packages or ()))

    @field_validator("packages")
    @classmethod
    def _packages(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is None:
            return None
        if not value or list(value) != sorted(set(value)):
            raise ValueError("must be sorted and distinct, or left out")
        if not all(PACKAGE.fullmatch(name) for name in value):
            raise ValueError("must be like deb:mousepad")
        return value

    @model_validator(mode="after")
    def _sites_by_executable(self) -> "AppRule":
        if self.origins and self.packages:
            raise ValueError("a web app's browsers are told by their executables, not by packages")
        return self

    @field_validator("origins")
    @classmethod
    def _one_spelling(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is None:
            return None
        if not value or list(value) != sorted(set(value)):
            raise ValueError("must be sorted and distinct, or left out")
        if not all(is_origin(origin) for origin in value):
            raise ValueError("must be like https://mail.example.org or https://mail.example.org:8443: nothing after it")
        return value


def check_purge(*, blocked: bool | None, purge: bool | None) -> None:
    """Deleting what is there while more of it is made would be neither off nor on.

    Raises:
        ValueError: ``purge`` without ``blocked``.
    """
    if purge and not blocked:
        raise ValueError("purge goes with blocked = true only")


class Policy(Document):
    """What may be captured at most, and for how long things may lie about."""

    study: Slug = key("the study that this policy is for", combine=Combine.SINGLE, scope=SIGNED)
    version: int = key(
        "counts up with each change; an older one than known is refused", combine=Combine.MAXIMUM, scope=SIGNED, ge=1
    )
    issued: Instant = key("when it was signed", combine=Combine.SINGLE, scope=SIGNED)
    manifest: Digest | None = key(
        "digest of the signed study that this policy was made for: no other one is taken together with it",
        combine=Combine.SINGLE,
        scope=SIGNED,
        since="0.2",
        default=None,
    )
    expires: Instant = key("from then on it allows nothing", combine=Combine.MINIMUM)
    apps: tuple[AppRule, ...] = key("allow-list of apps", combine=Combine.INTERSECTION, max_length=1000)
    timing: TimingTier = key("finest timing tier that may be agreed to", combine=Combine.RESTRICTIVE)
    blocked: bool = key("true: nobody captures anything, whatever they agreed to", combine=Combine.OR, default=False)
    purge: bool | None = key(
        "true, with blocked: what machines still hold is deleted, and the collector is asked to delete what it has",
        combine=Combine.OR,
        since="0.2",
        default=None,
    )
    consent_days: int = key(
        "days until consent is asked for again",
        unit="d",
        combine=Combine.MINIMUM,
        ge=1,
        le=MAX_CONSENT_DAYS,
        default=90,
    )
    review_s: int = key(
        "least time that a sealed batch is held for the person to review",
        unit="s",
        combine=Combine.MAXIMUM,
        ge=0,
        default=0,
    )
    batch_s: int = key(
        "a batch is sealed at this age at the latest", unit="s", combine=Combine.MINIMUM, ge=1, default=300
    )
    spool_bytes: int = key(
        "sealed bytes that may wait on the machine",
        unit="byte",
        combine=Combine.MINIMUM,
        ge=MIN_SPOOL_BYTES,
        default=1 << 30,
    )
    spool_days: int = key(
        "days that a sealed batch may wait on the machine; beyond, capture stops and nothing is dropped",
        unit="d",
        since="0.2",
        combine=Combine.MINIMUM,
        ge=1,
        default=30,
    )
    upload_bytes_s: int = key(
        "bytes a second that sending takes at most",
        unit="byte/s",
        since="0.2",
        combine=Combine.MINIMUM,
        ge=MIN_UPLOAD_BYTES_S,
        default=1 << 20,
    )
    wait_metered: bool = key(
        "true: batches wait while the network says that it is metered",
        since="0.2",
        combine=Combine.OR,
        default=True,
    )
    wait_battery_percent: int = key(
        "on battery, batches wait while less than this is left; 0: never",
        unit="percent",
        since="0.2",
        combine=Combine.MAXIMUM,
        ge=0,
        le=100,
        default=20,
    )

    @model_validator(mode="after")
    def _purged_is_off(self) -> "Policy":
        check_purge(blocked=self.blocked, purge=self.purge)
        return self

    @field_validator("apps")
    @classmethod
    def _distinct(cls, value: tuple[AppRule, ...]) -> tuple[AppRule, ...]:
        if len({a.id for a in value}) != len(value):
            raise ValueError("two apps have the same id")
        return value

    @field_validator("apps")
    @classmethod
    def _whole_or_by_site(cls, value: tuple[AppRule, ...]) -> tuple[AppRule, ...]:
        browsers = {path for rule in value if rule.origins for path in rule.executables}
        if any(path in browsers for rule in value if not rule.origins for path in rule.executables):
            raise ValueError("a browser is listed both as a whole and by its sites: the sites would mean nothing")
        origins = [(path, origin) for r in value for path in r.executables for origin in r.origins or ()]
        if len(set(origins)) != len(origins):
            raise ValueError("two apps have the same origin in the same browser")
        return value
