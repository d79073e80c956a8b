"""A sweep as a job of a cluster: a SLURM array, or a Kubernetes Indexed Job, of its shards.

Each task runs its share of the same cells into the same folder, with no scheduler of ours. What
is done is known from the folder alone, so a task that is started again goes on where it was.
"""

import shlex
from collections.abc import Sequence

import yaml

SLURM = """\
#!/bin/bash
# Submit with sbatch. What your cluster wants besides goes here: --time, --mem, --partition.
#SBATCH --job-name=lindiff-sweep
#SBATCH --array=1-{shards}
#SBATCH --cpus-per-task={workers}
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=lindiff-sweep-%A_%a.log
#SBATCH --signal=B:TERM@60
# The same once more, after a time limit or a failure, runs what is not done.
cd "${{SLURM_SUBMIT_DIR:-.}}" || exit 2
exec {command} --shard "${{SLURM_ARRAY_TASK_ID:?}}/{shards}"
"""

HEAD = """\
# kubectl apply -f FILE. Set the image, one with lindiff-nb in it, and the claim: a volume that all
# pods can write to, with the plan's file if there is one. Deleted and applied again, the job runs
# what is not done.
"""
VOLUME = "sweep"
FOLDER = "/sweep"


def slurm(words: Sequence[str], shards: int) -> str:
    """An array script for sbatch; `words` are those of the command but for --shard."""
    words, workers = _with_workers(words)
    return SLURM.format(command=shlex.join(words), shards=shards, workers=workers)


def kubernetes(words: Sequence[str], shards: int) -> str:
    """An Indexed Job; its indices begin at zero, shards at one."""
    words, workers = _with_workers(words)
    command = " ".join(map(_quoted, words))
    shard = f'--shard "$((JOB_COMPLETION_INDEX + 1))/{shards}"'
    container = {
        "name": "shard",
        "image": "lindiff-nb:latest",
        "command": ["/bin/sh", "-c", f"exec {command} {shard}"],
        "workingDir": FOLDER,
        "resources": {"requests": {"cpu": workers}},
        "volumeMounts": [{"name": VOLUME, "mountPath": FOLDER}],
    }
    claim = {"name": VOLUME, "persistentVolumeClaim": {"claimName": VOLUME}}
    pod = {"restartPolicy": "Never", "containers": [container], "volumes": [claim]}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "lindiff-sweep"},
        "spec": {
            "completionMode": "Indexed",
            "completions": shards,
            "parallelism": shards,
            "backoffLimitPerIndex": 3,  # an index that fails ends no other
            "podFailurePolicy": {"rules": RULES},
            "template": {"spec": pod},
        },
    }
    return HEAD + yaml.safe_dump(job, sort_keys=False, width=10_000)


# A pod that was moved counts as no failure; one that refused what was asked would do so again.
RULES = [
    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
    {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [2, 3]}},
]


def _with_workers(words: Sequence[str]) -> tuple[list[str], str]:
    """The words with a number of workers, one if none is given: a machine may lend us one core."""
    words = [*words] if "--workers" in words else [*words, "--workers", "1"]
    return words, words[words.index("--workers") + 1]


def _quoted(word: str) -> str:
    """A word for a shell that Kubernetes reads first: it replaces $(NAME), and $$ by $."""
    return shlex.quote(word).replace("$", "$''")
