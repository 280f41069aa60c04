"""What tools/setup.sh would do to a bare Debian 12, with apt and root replaced by functions that say what they got."""

import subprocess
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "tools/setup.sh"
TARGETS = """
  if [ "$1" != indextargets ]; then echo "apt-get $*"; return 0; fi
  case "$3" in
    '$(RELEASE)') printf 'bookworm\\nbookworm-security\\n' ;;
    *) printf '%s\\n' 'https://mirror.example/security/|bookworm-security|main' \
       'https://mirror.example/debian/|bookworm|main' ;;
  esac
"""


def call(code: str, *, targets: str = TARGETS) -> subprocess.CompletedProcess[str]:
    """Run `code` with the script's functions and a made-up apt."""
    text = f"""
    source '{SCRIPT}'
    apt-get() {{ {targets}
    }}
    as_root() {{ if [ "$1" = tee ]; then {{ echo "> $2"; cat; }} >&2; else "$@"; fi; }}
    env() {{ shift; "$@"; }}
    {code}
    """
    return subprocess.run(["bash", "-c", text], capture_output=True, text=True, timeout=30, check=False)


def test_backports_come_from_the_machines_own_mirror() -> None:
    done = call("signing_key() { echo /usr/share/keyrings/own.gpg; }\nadd_backports")
    assert done.stderr.splitlines()[1:] == [
        "> /etc/apt/sources.list.d/somaforge-backports.sources",
        "Types: deb",
        "URIs: https://mirror.example/debian",
        "Suites: bookworm-backports",
        "Components: main",
        "Signed-By: /usr/share/keyrings/own.gpg",
    ]


def test_nothing_is_added_where_backports_are_known() -> None:
    done = call("add_backports", targets="echo bookworm-backports")
    assert (done.returncode, done.stdout) == (0, "")


def test_another_system_is_told_what_to_do() -> None:
    done = call("add_backports", targets="echo trixie")
    assert done.returncode == 3
    assert done.stderr == (
        "setup: this machine has no Debian 12 (bookworm) package source; install ngspice 46 with KLU by hand\n"
    )


def test_an_old_ngspice_is_replaced_and_the_rest_left_alone() -> None:
    code = """
    ngspice() { echo '** ngspice-39 : Circuit level simulation program'; }
    has_libngspice() { false; }
    klayout() { :; }; netgen-lvs() { :; }; iverilog() { :; }; chromium() { :; }
    find_python() { :; }; signing_key() { :; }
    has_ngspice && echo 'old ngspice was taken'
    install_debian_packages 2>&1
    """
    lines = call(code).stdout.splitlines()
    assert "Components: main" in lines
    assert "apt-get -qq -y --no-install-recommends update" in lines
    assert "apt-get -qq -y --no-install-recommends install -t bookworm-backports ngspice libngspice0" in lines
    assert lines[-1] == "setup: ngspice 46 with KLU is still missing after the installation"


def test_nothing_to_do_calls_no_apt() -> None:
    code = """
    ngspice() { printf '** ngspice-46 : Circuit level\\n** Compiled with KLU Direct Linear Solver\\n'; }
    has_libngspice() { :; }; klayout() { :; }; netgen-lvs() { :; }; iverilog() { :; }; chromium() { :; }
    find_python() { :; }
    install_debian_packages
    """
    done = call(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
