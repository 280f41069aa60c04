"""JUnit XML for CI: one test case per limit and one per step."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from somaforge.flow.signoff import Signoff
from somaforge.pdk.files import atomic_path


def write(path: Path, name: str, signoff: Signoff, metrics: Mapping[str, float], steps: Sequence[str]) -> None:
    """Write the report: suite `<name>.limits` fails where a limit fails; `<name>.steps` has the run times in s."""
    limits = TestSuite(f"{name}.limits")
    for result in signoff.results:
        case = TestCase(f"{result.metric} {result.bound}", classname=f"{name}.limits", time=0.0)
        if result.failed:
            case.result = [Failure(str(result), type_=result.status)]
        elif result.status == "waived":
            case.result = [Skipped(str(result))]
        limits.add_testcase(case)
    ran = TestSuite(f"{name}.steps")
    for step in steps:
        seconds = metrics.get(f"step__{step}__s")
        case = TestCase(step, classname=f"{name}.steps", time=seconds if seconds is not None else 0.0)
        if seconds is None:
            case.result = [Failure(f"{step} did not finish", type_="missing")]
        ran.add_testcase(case)
    xml = JUnitXml(name)
    xml.add_testsuite(limits)
    xml.add_testsuite(ran)
    xml.update_statistics()  # type: ignore[no-untyped-call]
    with atomic_path(path) as beside:
        xml.write(str(beside), pretty=True)
