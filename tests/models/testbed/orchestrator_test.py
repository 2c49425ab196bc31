"""orchestrator.py of the examples meets the race, and with --check-readiness it does not; the service's report tells which.

Small worlds where chance has no say: the temporary host is connected before the backup is done, and ready more than an hour
after it. So without a look at the cluster every workflow fails for that reason, and with one none does, also on a machine
that is three seconds late (an hour of the world).
"""
import os
import subprocess
import sys

from service import PROGRAM, ROOT, Service

COUNT = 8
WORLD = {"fleet.sddcs": COUNT, "fleet.clusters_per_sddc": 1, "fleet.hosts_per_cluster": 2, "fleet.temporary_host.share": "100%",
         "provisioning.boot": "10min", "provisioning.connect": "1min", "provisioning.configure": "100min",
         "provisioning.capacity_outage.probability": "0%", "phase1.control_plane": "10min", "phase2.update_host": "10min",
         "phase2.remove_host": "10min", "phase3.network": "10min", "maintenance.evacuate": "5min",
         "host_service.callback.loss": "0%", "thresholds": "null"}
OPTIONS = [word for path, value in WORLD.items() for word in ("--set", f"{path}={value}")] + ["--speed", "1200"]
ORCHESTRATOR = [sys.executable, os.path.join(ROOT, "models", "testbed", "examples", "orchestrator.py"), "--url"]
failures = []


def expect(is_good, what):
    if not is_good:
        failures.append(what)
        print(f"orchestrator: {what}", file=sys.stderr)


def upgrade(service, *options):
    return subprocess.Popen([*ORCHESTRATOR, service.url, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def rows(folder, name):
    with open(f"{folder}/{name}", encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    return [dict(zip(lines[0], line)) for line in lines[1:]]


def check_report(service, name, failed):
    """What the service writes at its end, and the page of it."""
    _, status = service.end()
    expect(status == 0, f"{name}: serve ended with status {status}: {service.said()}")
    workflows = rows(service.folder, "workflows.tsv")
    causes = [row["cause"] for row in workflows if row["status"] == "failed"]
    expect(len(workflows) == COUNT, f"{name}: {len(workflows)} workflows in the result")
    expect(causes == ["early_trigger"] * failed, f"{name}: causes {causes}")
    done = subprocess.run([PROGRAM, "report", service.folder], capture_output=True, text=True, check=False)
    expect(done.returncode in (0, 5), f"{name}: report: status {done.returncode}: {done.stderr}")
    with open(f"{service.folder}/report.md", encoding="utf-8") as file:
        page = file.read()
    expect(f"{failed} of {COUNT}" in page, f"{name}: the page does not say {failed} of {COUNT}")
    expect((failed > 0) == ("maintenance before the cluster was ready" in page), f"{name}: the page and the cause")


with Service(*OPTIONS) as naive, Service(*OPTIONS) as fixed:
    both = [upgrade(naive), upgrade(fixed, "--check-readiness")]
    said = [process.communicate(timeout=120)[0] for process in both]
    expect(said[0] == f"{COUNT} of {COUNT} workflows failed\n  {COUNT} deadline at enter-maintenance\n", f"naive: {said[0]}")
    expect(said[1] == f"0 of {COUNT} workflows failed\n", f"fixed: {said[1]}")
    expect([process.returncode for process in both] == [0, 0], "status")
    again = upgrade(naive)
    expect("start the service again" in again.communicate(timeout=60)[0] and again.returncode == 1, "a used service was taken")
    check_report(naive, "naive", COUNT)
    check_report(fixed, "fixed", 0)
    nobody = upgrade(fixed)
    expect("no `rcesim serve` answers" in nobody.communicate(timeout=60)[0] and nobody.returncode == 1, "nobody was taken")
with Service("--step") as stepped:
    still = upgrade(stepped)
    expect("without --step" in still.communicate(timeout=60)[0] and still.returncode == 1, "a clock that stands still was taken")
print(f"orchestrator: {'FAILED' if failures else 'ok'}: {said[0].splitlines()[0]} without a look, {said[1].splitlines()[0]} with one")
sys.exit(bool(failures))
