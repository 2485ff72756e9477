#!/usr/bin/env bash
# Make this checkout ready to work in: system packages, .venv, and the npm package of one test. Safe to run again.
#
# usage: scripts/setup.sh
#
# Asks nothing. Installs system packages only where some are missing and only where it may (root, or sudo without a
# password); otherwise it prints the one command to run, and exits 1.
set -euo pipefail

# Debian keeps ldconfig and start-stop-daemon, which dpkg needs, in the sbin folders: a bare PATH leaves them out.
export PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin"

cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly PACKAGES=scripts/system-packages.txt
readonly LOCK=requirements.lock
readonly VENV=.venv
readonly STAMP=$VENV/overt-setup.sha256
readonly AGE=age-encryption@0.3.1
readonly AGE_LIMIT_S=180  # npm retries for seven minutes where it cannot get through; one test is not worth that
readonly SYSTEM_CAS=/etc/ssl/certs/ca-certificates.crt
# In order of preference: the oldest that we support is the one that most tests have run on.
readonly PYTHONS=(python3.11 python3.12 python3.13 python3.14 python3 python)

say() { printf 'setup: %s\n' "$*"; }
fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

# Run a command without its output, unless it fails: then show the output, and return its exit code.
quietly() {
  local log code=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || code=$?
  if ((code != 0)); then cat "$log" >&2; fi
  rm -f "$log"
  return "$code"
}

wanted_packages() { sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$PACKAGES"; }

# Names that are installed, and names that an installed package provides: Debian 13 renamed libglib2.0-0 to
# libglib2.0-0t64, and some nodejs packages bring npm with them.
installed_packages() {
  dpkg-query -W -f='${db:Status-Status}, ${Package}, ${Provides}\n' |
    sed -n -e 's/ *([^)]*)//g' -e 's/^installed, //p' | tr -s ', ' '\n'
}

missing_packages() { comm -23 <(wanted_packages | sort -u) <(installed_packages | sort -u); }

install_system_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "not a Debian-like system: cannot tell whether what $PACKAGES names is there; going on without"
    return
  fi
  local missing=() as_root=()
  mapfile -t missing < <(missing_packages)
  if ((${#missing[@]} == 0)); then
    say 'system packages: all there'
    return
  fi
  if ((EUID != 0)); then
    if ! sudo -n true 2>/dev/null; then
      fail "system packages are missing, and this user may not install them. Run:
  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}"
    fi
    as_root=(sudo -n)
  fi
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y)
  say 'system packages: fetching the lists'
  quietly "${apt[@]}" update || fail 'apt-get update failed (see above)'
  say "system packages: installing ${missing[*]}"
  quietly "${apt[@]}" install --no-install-recommends "${missing[@]}" ||
    fail 'apt-get install failed (see above)'
}

# A Python that is in our range and can make a working venv. A name alone proves neither: version managers put shims on
# the PATH for versions that are not there.
find_python() {
  local name
  for name in "${PYTHONS[@]}"; do
    if "$name" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' \
      >/dev/null 2>&1; then
      command -v "$name"
      return
    fi
  done
  return 1
}

# For tests only: pynput on X11. The lock has it for macOS and Windows; on Linux it names evdev, which has to be compiled
# and which its X11 part does not import. So it is taken from the lock, with its hashes, and without what it names.
install_pynput() {
  local part
  part=$(mktemp)
  sed -n -e 's/^\(pynput==[^ ;]*\) ;[^\\]*/\1 /' -e '/^pynput==/,/^    # via/p' "$LOCK" | grep -v '# via' >"$part"
  quietly "${pip[@]}" install --require-hashes --no-deps -r "$part" || fail 'could not install pynput (see above)'
  rm -f "$part"
}

make_venv() {
  [[ -f $LOCK ]] || fail "$LOCK is missing: this is not a whole checkout"
  if [[ -f $STAMP ]] && sha256sum --check --status "$STAMP" && "$VENV/bin/python" -c '' 2>/dev/null; then
    say "$VENV: up to date"
    return
  fi
  local python
  python=$(find_python) ||
    fail 'no Python 3.11 to 3.14 with venv found. Install one, e.g.: sudo apt-get install python3-venv'
  say "$VENV: making it with $python"
  # Cleared, so that it holds what the lock says and nothing else; the stamp goes with it and comes back last.
  quietly "$python" -m venv --clear "$VENV" || fail "could not make $VENV (see above)"
  local pip=("$VENV/bin/python" -m pip --disable-pip-version-check --no-input)
  say "$VENV: installing what $LOCK names (a few minutes the first time)"
  quietly "${pip[@]}" install --require-hashes -r "$LOCK" || fail "could not install $LOCK (see above)"
  install_pynput
  say "$VENV: installing this checkout"
  quietly "${pip[@]}" install --no-deps --no-build-isolation -e . ||
    fail 'could not install this checkout (see above)'
  sha256sum "$LOCK" pyproject.toml >"$STAMP"
}

install_age() {
  if [[ -d node_modules/${AGE%@*} ]]; then
    say "$AGE: there"
  elif ! command -v npm >/dev/null; then
    say "$AGE: no npm here; the interoperability test needs it"
  else
    say "$AGE: installing"
    # Node has a list of authorities of its own, without those that a company adds to the system's.
    if [[ -f $SYSTEM_CAS ]]; then export NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS:-$SYSTEM_CAS}"; fi
    quietly timeout "$AGE_LIMIT_S" \
      npm install --prefix . --no-save --no-package-lock --no-audit --no-fund "$AGE" ||
      say "$AGE: could not install it (see above); the interoperability test needs it"
  fi
}

install_system_packages
make_venv
install_age
say 'ready'
