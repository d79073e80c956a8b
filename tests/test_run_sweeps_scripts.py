"""A sweep as a job of a cluster: what is written is a script, and a Job; each index is a shard."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lindiff_nb.run.sweeps.scripts import kubernetes, slurm

ODD = ["sweep", "a study", "--grid", """label="a, b",=,'$(HOME)',$$,"x""y\"""", "-o", "the runs"]
SHOWS = "#!{}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n"


@pytest.fixture
def shown(tmp_path):
    """Run a shell command with a lindiff-nb that prints its words, in this folder."""
    program = tmp_path / "bin" / "lindiff-nb"
    program.parent.mkdir()
    program.write_text(SHOWS.format(sys.executable))
    program.chmod(0o755)

    def run(command: list[str], **variables: str) -> list[str]:
        path = f"{program.parent}:{os.environ['PATH']}"
        environment = {"PATH": path, "HOME": "/root", **variables}
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return yaml.safe_load(done.stdout)

    return run


def script(tmp_path: Path, text: str) -> str:
    path = tmp_path / "job.sh"
    path.write_text(text)
    return str(path)


def test_the_array_script_is_one_that_bash_and_slurm_read(tmp_path):
    text = slurm(["lindiff-nb", *ODD], 50)
    subprocess.run(["bash", "-n", script(tmp_path, text)], check=True)
    lines = text.splitlines()
    options = [line.removeprefix("#SBATCH ") for line in lines if line.startswith("#SBATCH ")]
    assert lines[0] == "#!/bin/bash"
    assert "--array=1-50" in options
    assert "--requeue" in options
    first = next(at for at, line in enumerate(lines) if not line.startswith("#"))
    assert not any(line.startswith("#SBATCH") for line in lines[first:]), "unread by SLURM"


def test_a_task_of_the_array_runs_its_shard_with_the_same_words(tmp_path, shown):
    path = script(tmp_path, slurm(["lindiff-nb", *ODD], 50))
    words = shown(["bash", path], SLURM_ARRAY_TASK_ID="3", SLURM_SUBMIT_DIR=str(tmp_path))
    assert words == [*ODD, "--workers", "1", "--shard", "3/50"]


def test_outside_an_array_the_script_runs_nothing(tmp_path, shown):
    path = script(tmp_path, slurm(["lindiff-nb", *ODD], 50))
    with pytest.raises(subprocess.CalledProcessError):
        shown(["bash", path])


REQUIRED = {  # what the API's schema asks for, by the path to it; [] is each of a list
    "": ["apiVersion", "kind", "metadata", "spec"],
    "metadata": ["name"],
    "spec": ["template"],
    "spec.template": ["spec"],
    "spec.template.spec": ["containers", "restartPolicy"],
    "spec.template.spec.containers[]": ["name", "image"],
    "spec.template.spec.containers[].volumeMounts[]": ["name", "mountPath"],
    "spec.template.spec.volumes[]": ["name"],
    "spec.template.spec.volumes[].persistentVolumeClaim": ["claimName"],
    "spec.podFailurePolicy": ["rules"],
    "spec.podFailurePolicy.rules[]": ["action"],
    "spec.podFailurePolicy.rules[].onExitCodes": ["operator", "values"],
    "spec.podFailurePolicy.rules[].onPodConditions[]": ["type", "status"],
}


def at(found: object, path: str) -> list:
    """Everything at this path."""
    places = [found]
    for part in filter(None, path.split(".")):
        name = part.removesuffix("[]")
        places = [place[name] for place in places if name in place]
        if part.endswith("[]"):
            places = [inner for place in places for inner in place]
    return places


def test_the_job_has_what_the_schema_asks_for_and_an_index_for_each_shard():
    job = yaml.safe_load(kubernetes(["lindiff-nb", *ODD], 50))
    for path, names in REQUIRED.items():
        places = at(job, path)
        assert places, path
        assert all(name in place for place in places for name in names), path
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
    spec = job["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 50, 50)
    assert "backoffLimitPerIndex" in spec, "an index that fails must end no other"
    pod = spec["template"]["spec"]
    assert pod["restartPolicy"] == "Never", "what backoffLimitPerIndex asks for"
    mounts = [mount["name"] for mount in pod["containers"][0]["volumeMounts"]]
    assert mounts == [volume["name"] for volume in pod["volumes"]]


def test_an_index_of_the_job_runs_the_shard_after_it_with_the_same_words(shown):
    """Kubernetes replaces $(NAME) in the words of a command, and $$ by $; here it finds neither."""
    job = yaml.safe_load(kubernetes(["lindiff-nb", *ODD], 50))
    command = job["spec"]["template"]["spec"]["containers"][0]["command"]
    assert "$$" not in command[-1]
    assert "$(HOME)" not in command[-1]
    for index in (0, 49):
        words = shown(command, JOB_COMPLETION_INDEX=str(index))
        assert words == [*ODD, "--workers", "1", "--shard", f"{index + 1}/50"]
