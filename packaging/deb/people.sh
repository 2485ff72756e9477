# Shared by the maintainer scripts, which the builder puts it into: at purge nothing of the package is left to source.
# Whatever is done in a person's home is done with that person's own rights, so that no link planted there can lead root
# anywhere.
home=/usr/lib/overt

# Process ids of the agent's programs, of anybody, in this very root (not in a container beside or around it).
agents() {
  for entry in /proc/[0-9]*; do
    [ "$entry/root/." -ef / ] || continue
    case "$(tr '\0' ' ' <"$entry/cmdline" 2>/dev/null)" in
      "$home/bin/python3 $home/bin/overt daemon "* | "$home/bin/python3 $home/bin/overt indicator "* | \
        "$home/bin/python3 -m agent.tray "*) echo "${entry#/proc/}" ;;
    esac
  done
}

tell_agents() { # SIGNAL
  for pid in $(agents); do kill -s "$1" "$pid" 2>/dev/null || true; done
}

# Run a command, with a time limit of its own, as each person in whose home state of ours lies.
as_each_person() { # SECONDS COMMAND...
  seconds=$1
  shift
  getent passwd | while IFS=: read -r name _ uid gid _ folder _; do
    [ -d "$folder/.local/state/overt" ] || continue
    bus=
    if [ -S "/run/user/$uid/bus" ]; then bus=unix:path=/run/user/$uid/bus; fi
    run=
    if [ -d "/run/user/$uid" ]; then run=/run/user/$uid; fi
    setpriv --reuid "$uid" --regid "$gid" --init-groups --inh-caps=-all --reset-env \
      env ${bus:+DBUS_SESSION_BUS_ADDRESS="$bus"} ${run:+XDG_RUNTIME_DIR="$run"} \
      timeout "$seconds" "$@" </dev/null >/dev/null 2>&1 || echo "overt: not everything of $name could be removed" >&2
  done
}
