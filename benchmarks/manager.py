"""The window manager of a benchmark's desktop, without its hand on every click.

openbox grabs the first press in any window, to give it the focus, and holds the pointer until it has decided. An XInput
2.0 client hears nothing while another client holds a grab: that is what keeps passwords of a locker out. A burst is
measured with these grabs and without them, so that losses by them can be told from losses of ours.
"""

import subprocess
import xml.etree.ElementTree as ET  # the distribution's own file
from pathlib import Path

from tests.support.desktop import Desktop

DEFAULTS = Path("/etc/xdg/openbox/rc.xml")
SPACE = "{http://openbox.org/3.4/rc}"
OVER_CLIENTS = ("Client", "Frame")
"""Contexts of openbox whose bindings of buttons are grabs that a click in a window's own area meets."""


def leave_clicks_alone(desktop: Desktop) -> None:
    """Have openbox grab no button over windows, from now on. Focus is given by the benchmark."""
    tree = ET.parse(DEFAULTS)  # noqa: S314
    mouse = tree.getroot().find(f"{SPACE}mouse")
    if mouse is None:
        raise ValueError("openbox's own configuration has no mouse in it")
    for context in mouse.findall(f"{SPACE}context"):
        if context.get("name") in OVER_CLIENTS:
            mouse.remove(context)
    place = Path(desktop.env.get("XDG_CONFIG_HOME", str(desktop.home / ".config"))) / "openbox" / "rc.xml"
    place.parent.mkdir(parents=True, exist_ok=True)
    tree.write(place, xml_declaration=True, encoding="utf-8")
    subprocess.run(["openbox", "--reconfigure"], env=desktop.env, check=True)
