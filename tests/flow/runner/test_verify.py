"""somaforge verify: every way to tamper with a run is found, and named."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.flow import fake_steps

import somaforge
from somaforge.flow import cli
from somaforge.flow.machinery import origin, tools
from somaforge.flow.machinery.base import Context
from somaforge.flow.runner import publish
from somaforge.flow.runner.run import Runner
from somaforge.flow.runner.verify import verify
from somaforge.flow.signoff.verdict import Signoff
from somaforge.pdk.errors import InputError

pytestmark = pytest.mark.needs_pdk


def _signoff(context: Context) -> dict[str, float]:
    (context.folder / "signoff.json").write_text(json.dumps(Signoff(()).to_json()))
    return {}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published run of small steps."""
    out = tmp_path_factory.mktemp("whole") / "run"
    last = replace(fake_steps.steps()[2], name="signoff", action=_signoff, outputs=lambda s: ("signoff.json",))
    steps = (*fake_steps.steps()[:2], replace(last, checks=()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publish, "TAKEN", (("first", "a.txt", "views/{name}.txt"),))
        patch.setattr(publish, "PER_CHIP", ())
        patch.setattr(publish, "_checks", lambda runner: ())
        runner = Runner(fake_steps.spec(), out, steps)
        runner.run()
        publish.publish(runner)
    return out


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    shutil.copytree(whole, tmp_path / "run")
    return tmp_path / "run"


def _edit(path: Path, change: Callable[[dict], None]) -> None:  # type: ignore[type-arg]
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def test_untouched_run_and_a_copy_of_its_final_folder(run: Path, tmp_path: Path) -> None:
    found = verify(run)
    assert found.changes == ()
    assert found.files >= 10
    shutil.copytree(run / "final", tmp_path / "taken")
    assert verify(tmp_path / "taken").changes == ()
    record = json.loads((run / "final/manifest.json").read_text())
    assert {"spec", "design", "dataset", "command", "seeds", "pdk", "pdk_data", "tools", "steps", "files"} < set(record)
    assert record["command"]


def test_manifest_says_which_somaforge_made_it(run: Path) -> None:
    record = json.loads((run / "final/manifest.json").read_text())
    assert record["somaforge"] == origin.origin()
    assert record["somaforge"]["version"] == somaforge.__version__
    assert re.fullmatch(r"[0-9a-f]{40}|unknown", record["somaforge"]["commit"])


def test_hashes_only_of_steps_that_ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, parts, last = fake_steps.steps()
    parts = replace(parts, idle=lambda spec: "no reason", tools=("scipy",))
    last = replace(last, name="signoff", action=_signoff, outputs=lambda s: ("signoff.json",), checks=())
    monkeypatch.setattr(publish, "TAKEN", ())
    monkeypatch.setattr(publish, "PER_CHIP", ())
    monkeypatch.setattr(publish, "_checks", lambda runner: ())
    runner = Runner(fake_steps.spec(), tmp_path / "run", (replace(first, tools=("numpy",)), parts, last))
    runner.run()
    publish.publish(runner)
    record = json.loads((tmp_path / "run/final/manifest.json").read_text())
    assert record["steps"]["02-parts"]["idle"] == "no reason"
    assert not {"code", "tools"} & set(record["steps"]["02-parts"])
    assert {"code", "tools"} < set(record["steps"]["01-first"])
    assert set(record["tools"]) == {"python", "numpy"}
    assert verify(tmp_path / "run").changes == ()


def test_commit_of_a_repository_and_without_one(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        author = ["-c", "user.name=a", "-c", "user.email=a@b"]
        command = ["git", "-C", str(tmp_path), *author, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    source = tmp_path / "code.py"
    source.write_text("x = 1\n")
    git("init", "-q")
    assert origin._commit(source)["changes"] == "unknown"  # another repository's folder, not its file
    git("add", "code.py")
    git("commit", "-qm", "one")
    assert origin._commit(source) == {"commit": git("rev-parse", "HEAD"), "changes": "no"}
    source.write_text("x = 2\n")
    assert origin._commit(source) == {"commit": git("rev-parse", "HEAD"), "changes": "yes"}


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda r: (r / "final/views/iris.txt").write_text("x"), "file views/iris.txt: has changed"),
        (lambda r: (r / "final/junit.xml").unlink(), "file junit.xml: is missing"),
        (lambda r: (r / "final/more.txt").write_text("x"), "file more.txt: is not in the manifest"),
        (lambda r: (r / "02-parts/total.txt").write_text("31"), "step 02-parts/total.txt: has changed"),
        (lambda r: shutil.rmtree(r / "01-first"), "step 01-first/a.txt: is missing"),
        (lambda r: (r / "final/done.json").unlink(), "manifest done.json: is missing or damaged"),
        (
            lambda r: _edit(r / "final/manifest.json", lambda d: d["spec"]["resolved"].update(supply_V=1.7)),
            "spec iris: is not the one with this SHA-256",
        ),
        (
            lambda r: _edit(r / "final/manifest.json", lambda d: d["seeds"].update(training=7)),
            "seeds chips and training: are not those of the spec",
        ),
        (
            lambda r: _edit(r / "final/manifest.json", lambda d: d["tools"].update(numpy="1.0")),
            "tool numpy: was 1.0, is " + tools.version("numpy"),
        ),
        (lambda r: _edit(r / "final/manifest.json", lambda d: d["pdk"].clear()), "is not the version of the run"),
        (lambda r: _edit(r / "final/manifest.json", lambda d: d["pdk_data"].update(models="0")), "pdk data: was"),
        (lambda r: _edit(r / "final/manifest.json", lambda d: d.update(design="0")), "design iris: was 0, is"),
        (lambda r: _edit(r / "final/manifest.json", lambda d: d["dataset"].update(sha256="0")), "dataset iris: was 0"),
        (lambda r: _edit(r / "final/manifest.json", lambda d: d.update(command="")), "manifest command: is empty"),
    ],
)
def test_tampering_is_named(
    run: Path, capsys: pytest.CaptureFixture[str], spoil: Callable[[Path], object], line: str
) -> None:
    spoil(run)
    assert cli.run(["verify", str(run)]) == 1
    printed = capsys.readouterr()
    assert line in printed.out
    assert printed.err.count("\n") == 1


def test_edited_manifest_is_found_by_the_record_beside_it(run: Path) -> None:
    _edit(run / "final/manifest.json", lambda d: d["tools"].update(numpy="1.0"))
    assert [str(c) for c in verify(run, environment=False).changes] == [
        "manifest manifest.json: has changed since the run"
    ]


def test_manifest_hash_kept_elsewhere(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = verify(run).sha256
    assert cli.run(["verify", str(run), "--sha256", good, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changes"] == []
    assert cli.run(["verify", str(run), "--sha256", "0" * 64]) == 1
    assert "this is another manifest" in capsys.readouterr().err


def test_not_a_run(tmp_path: Path, run: Path) -> None:
    with pytest.raises(InputError, match=r"has no final/manifest\.json"):
        verify(tmp_path / "nothing")
    _edit(run / "final/manifest.json", lambda d: d["files"].update({"../../etc/passwd": "0"}))
    with pytest.raises(InputError, match="leads out of the run"):
        verify(run)
    (run / "final/manifest.json").write_text("[]")
    with pytest.raises(InputError, match="not a manifest"):
        verify(run)
