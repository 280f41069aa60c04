#!/usr/bin/env bash
# Sets up everything that somaforge needs on Debian 12: simulators, KLayout application, netgen, Python packages, PDK data.
# Does only what is missing, so it can be run as often as you like; `make setup` calls it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly TORCH=2.13.0           # the CPU build where the index has one; no hash, as its file differs by index
readonly MICROPYTHON=1.27.0
readonly BACKPORTS=bookworm-backports
readonly SOURCE_LIST=/etc/apt/sources.list.d/somaforge-backports.sources

say() { printf 'setup: %s\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 3; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "needs root or sudo to install Debian packages: $*"; fi
}

has_ngspice() {  # 46 or newer, with the KLU solver
  local text
  text=$(ngspice --version 2>/dev/null </dev/null) || return 1
  [[ $text == *KLU* && $text =~ ngspice-([0-9]+) && ${BASH_REMATCH[1]} -ge 46 ]]
}

has_libngspice() {  # ldconfig is not on every user's PATH
  [ -e "/usr/lib/$(uname -m)-linux-gnu/libngspice.so.0" ] || PATH=$PATH:/sbin:/usr/sbin ldconfig -p | grep -q 'libngspice\.so\.0 '
}

find_python() {  # a 3.11 that can make virtual environments
  local candidate
  for candidate in python3.11 /usr/bin/python3.11 python3; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return 0
    fi
  done
  return 1
}

debian_mirror() {  # where this machine gets Debian 12 itself from
  local uri release component
  while IFS='|' read -r uri release component; do
    if [ "$release" = bookworm ] && [ "$component" = main ]; then
      printf '%s\n' "${uri%/}"
      return 0
    fi
  done < <(apt-get indextargets --format '$(REPO_URI)|$(RELEASE)|$(COMPONENT)' 'Created-By: Packages')
  return 1
}

signing_key() {  # the key file that the machine's own entry for the mirror $1 names; nothing if it names none
  { cat /etc/apt/sources.list.d/*.sources 2>/dev/null || :; } |
    awk -v RS= -v uri="$1" 'index($0, uri) && match($0, /Signed-By:[ \t]*\/[^\n]*/) {
      key = substr($0, RSTART, RLENGTH); sub(/Signed-By:[ \t]*/, "", key); print key }'
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || :; } |
    awk -v uri="$1" '/^deb / && index($0, uri) && match($0, /signed-by=[^] ]*/) {
      print substr($0, RSTART + 10, RLENGTH - 10) }'
}

add_backports() {
  local uri key
  if apt-get indextargets --format '$(RELEASE)' | grep -qx "$BACKPORTS"; then return 0; fi
  uri=$(debian_mirror) || die "this machine has no Debian 12 (bookworm) package source; install ngspice 46 with KLU by hand"
  key=$(signing_key "$uri")
  key=${key%%$'\n'*}
  say "adding $BACKPORTS of the mirror that this machine uses"
  {
    printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n' "$uri" "$BACKPORTS"
    if [ -n "$key" ]; then printf 'Signed-By: %s\n' "$key"; fi
  } | as_root tee "$SOURCE_LIST" >/dev/null
}

install_debian_packages() {
  local wanted=() newer=()
  has_ngspice || newer+=(ngspice)
  has_libngspice || newer+=(libngspice0)
  command -v klayout >/dev/null || wanted+=(klayout)
  command -v netgen-lvs >/dev/null || wanted+=(netgen-lvs)
  command -v iverilog >/dev/null || wanted+=(iverilog)
  command -v chromium >/dev/null || wanted+=(chromium)  # tests open the report in it
  command -v xschem >/dev/null || wanted+=(xschem)  # nightly tests read the schematics with it
  command -v node >/dev/null || wanted+=(nodejs)
  command -v npm >/dev/null || wanted+=(npm)
  find_python >/dev/null || wanted+=(python3.11 python3.11-venv)
  [ $((${#wanted[@]} + ${#newer[@]})) -gt 0 ] || return 0
  command -v apt-get >/dev/null || die "missing: ${newer[*]} ${wanted[*]}; this script installs them on Debian 12 only"
  [ ${#newer[@]} -eq 0 ] || add_backports
  say "installing ${newer[*]} ${wanted[*]}"
  local apt=(as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends)
  "${apt[@]}" update >&2
  [ ${#newer[@]} -eq 0 ] || "${apt[@]}" install -t "$BACKPORTS" ngspice libngspice0 >&2
  [ ${#wanted[@]} -eq 0 ] || "${apt[@]}" install "${wanted[@]}" >&2
  has_ngspice || die "ngspice 46 with KLU is still missing after the installation"
}

pinned() {  # the lock as constraints: names and versions alone
  sed -n 's/^\([^# ]*==[^ ]*\).*/\1/p' requirements.lock
}

install_python_packages() {
  local stamp=.venv/setup.sha256 key python
  key=$(cat pyproject.toml requirements.lock tools/setup.sh <(pwd) | sha256sum)
  if [ -x .venv/bin/somaforge ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$key" ]; then return 0; fi
  python=$(find_python) || die "Python 3.11 with venv is missing"
  say "virtual environment with $python"
  [ -x .venv/bin/python ] || "$python" -m venv .venv
  local pip=(.venv/bin/python -m pip --disable-pip-version-check --quiet install)
  # In CI a module is compiled when it is first imported: a quarter of the 17,000 are, and all take 80 s of one processor.
  if [ "${CI:-}" = true ]; then pip+=(--no-compile); fi
  "${pip[@]}" --no-deps --require-hashes -r requirements.lock
  "${pip[@]}" "torch==$TORCH" -c <(pinned)
  "${pip[@]}" --no-deps --no-build-isolation -e .
  .venv/bin/python -m pip check >&2
  printf '%s\n' "$key" >"$stamp"
}

install_micropython() {  # runs the board's firmware in tests, on node
  local place=.venv/node/node_modules/@micropython/micropython-webassembly-pyscript
  grep -qs "\"version\": \"$MICROPYTHON\"" "$place/package.json" && return 0
  npm install --silent --no-fund --no-audit --prefix .venv/node \
    "@micropython/micropython-webassembly-pyscript@$MICROPYTHON" >&2
}

main() {
  install_debian_packages
  install_python_packages
  install_micropython
  .venv/bin/somaforge pdk install sky130 2> >(grep -v ': installed$' >&2 || true) >/dev/null
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then main; fi  # a test reads the functions
