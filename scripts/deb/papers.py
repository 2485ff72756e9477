"""What Debian wants to read in a package: copyright, changelog."""

import email.utils
import re
from importlib.metadata import Distribution, distributions
from pathlib import Path

MAINTAINER = "The Overt authors <overt@packages.invalid>"
MAX_NAME_CHARS = 40
"""A licence's name; what is longer is its text."""
_APACHE = " On Debian systems the full text of the Apache License 2.0 is in /usr/share/common-licenses/Apache-2.0."


def copyright_text(site: Path) -> str:
    """Who holds the rights in what is in the package, in Debian's machine-readable form (DEP 5)."""
    ours = ["Files: *", "Copyright: The Overt authors", "License: Apache-2.0", _APACHE]
    head = ["Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/", "Upstream-Name: overt"]
    head += ["Source: https://overt.invalid/"]
    others = sorted(distributions(path=[str(site)]), key=lambda d: d.name.lower())
    return (
        "\n\n".join(["\n".join(head), "\n".join(ours), *(_stanza(d, site) for d in others if d.name != "overt")]) + "\n"
    )


def changelog(version: str, epoch: int) -> str:
    """Debian's own form of a changelog; what changed is told in the project's."""
    when = email.utils.formatdate(epoch)
    return f"overt ({version}) stable; urgency=medium\n\n  * Release {version}.\n\n -- {MAINTAINER}  {when}\n"


def _stanza(one: Distribution, site: Path) -> str:
    folder = f"/usr/lib/overt/lib/python*/site-packages/{Path(str(one._path)).relative_to(site)}"  # type: ignore[attr-defined]  # noqa: SLF001
    licence = re.sub(r"[^A-Za-z0-9.+-]+", "-", _licence(one)).strip("-")
    text = f" The text as its authors ship it is in {folder}."
    files = f"Files: usr/lib/overt/lib/python*/site-packages/{Path(str(one._path)).name}/*"  # type: ignore[attr-defined]  # noqa: SLF001
    return "\n".join([files, f"Copyright: the authors of {one.name}", f"License: {licence}-{one.name}", text])


def _licence(one: Distribution) -> str:
    told = one.metadata.json  # its public type has no way to ask for a field that may be absent
    said = str(told.get("license_expression", ""))
    named = [c.rpartition(" :: ")[2] for c in one.metadata.get_all("Classifier") or () if c.startswith("License ::")]
    short = str(told.get("license", "")).strip()
    return said or (short if 0 < len(short) < MAX_NAME_CHARS else "") or " and ".join(named) or "see-its-text"
