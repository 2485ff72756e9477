"""Linux: the limits' file, user units, autostart, and samples for Ansible and Puppet."""

import json

from admin.mdm.facts import ABOUT, LINUX_HOME, Options, values
from schemas.limits import Limits

POLICY_PATH = "/etc/overt/policy.json"
UNITS = {
    "overt": ("Overt, the agent: captures nothing unless you said yes", "daemon"),
    "overt-indicator": ("Overt, the sign: shows what the agent does", "indicator"),
}
HARDENING = {
    "overt": (
        "NoNewPrivileges=yes",
        "LockPersonality=yes",
        "RestrictNamespaces=yes",
        "RestrictRealtime=yes",
        "RestrictSUIDSGID=yes",
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
        "SystemCallArchitectures=native",
        "SystemCallFilter=@system-service",
    ),
    # The indicator starts the ceremony and browsers' pages for the person: a sandbox would be theirs, too.
    "overt-indicator": ("NoNewPrivileges=yes", "LockPersonality=yes", "RestrictRealtime=yes", "RestrictSUIDSGID=yes"),
}
"""What the kernel filters by system call, and no more: a person's service manager can give a mount or user namespace
only by hiding the machine's true owners from the service. Root's limits would seem to be nobody's, and be refused,
and the programs of the session could not be told apart (``/proc/PID/exe``). Dropping capabilities needs some to begin
with."""


def render(limits: Limits, options: Options) -> dict[str, bytes]:
    """Every file for Linux, by path."""
    policy = policy_json(limits)
    return {
        "linux/etc/overt/policy.json": policy.encode(),
        **{f"linux/usr/lib/systemd/user/{name}.service": unit(name).encode() for name in UNITS},
        "linux/etc/xdg/autostart/overt-indicator.desktop": autostart().encode(),
        "linux/ansible/overt.yml": _ANSIBLE.format(version=options.version, path=POLICY_PATH).encode(),
        "linux/ansible/files/policy.json": policy.encode(),
        "linux/puppet/overt.pp": _PUPPET.format(version=options.version, path=POLICY_PATH).encode(),
        "linux/puppet/files/policy.json": policy.encode(),
    }


def policy_json(limits: Limits) -> str:
    """The limits as ``/etc/overt/policy.json`` holds them."""
    return json.dumps(values(limits), indent=2, sort_keys=True) + "\n"


def unit(name: str) -> str:
    """A systemd user unit."""
    about, command = UNITS[name]
    return _UNIT.format(
        about=about, command=f"{LINUX_HOME}/bin/overt {command}", hardening="\n".join(HARDENING[name]), note=ABOUT
    )


def autostart() -> str:
    """The entry for sessions that start no ``graphical-session.target``."""
    return _DESKTOP.format(home=LINUX_HOME)


_UNIT = """# {note}
[Unit]
Description={about}
Documentation=man:overt(1)
PartOf=graphical-session.target
After=graphical-session.target
StartLimitIntervalSec=60
StartLimitBurst=3

[Service]
Type=simple
# Nothing runs for somebody who takes part in nothing, or who took Overt out of their session.
ExecCondition=/bin/sh -c 'cd "$${{OVERT_STATE_DIR:-$${{XDG_STATE_HOME:-$$HOME/.local/state}}/overt}}" \
  && test -e enrolment.json && ! test -e not-at-login'
ExecStart={command}
Restart=on-failure
RestartSec=5
UMask=0077
LimitCORE=0
{hardening}

[Install]
WantedBy=graphical-session.target
"""
_DESKTOP = """[Desktop Entry]
Type=Application
Name=Overt
Comment=Shows what the agent does; captures nothing by itself
Exec={home}/bin/overt start --at-login
TryExec={home}/bin/overt
Terminal=false
Categories=Utility;
Keywords=consent;telemetry;recording;
StartupNotify=false
X-GNOME-Autostart-enabled=true
X-GNOME-HiddenUnderSystemd=true
X-systemd-skip=true
"""
_ANSIBLE = """# Installs Overt and its limits. Nothing here starts a capture: only the person at the machine can.
- name: Overt
  hosts: overt
  become: true
  tasks:
    - name: Package
      ansible.builtin.apt:
        deb: /var/cache/overt/overt_{version}_amd64.deb
    - name: Folder of the limits
      ansible.builtin.file:
        path: /etc/overt
        state: directory
        owner: root
        group: root
        mode: "0755"
    - name: Limits
      ansible.builtin.copy:
        src: policy.json
        dest: {path}
        owner: root
        group: root
        mode: "0644"
"""
_PUPPET = """# Installs Overt and its limits. Nothing here starts a capture: only the person at the machine can.
class overt {{
  package {{ 'overt':
    ensure => '{version}',
  }}
  file {{ '/etc/overt':
    ensure => directory,
    owner  => 'root',
    group  => 'root',
    mode   => '0755',
  }}
  file {{ '{path}':
    ensure  => file,
    owner   => 'root',
    group   => 'root',
    mode    => '0644',
    source  => 'puppet:///modules/overt/policy.json',
    require => Package['overt'],
  }}
}}
"""
