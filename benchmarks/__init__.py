"""What the program costs, as ratios of times measured side by side in one run.

`python -m benchmarks` prints the table. Times depend on the machine and on what else it does;
ratios of the shortest of several interleaved runs depend on neither very much. Linear algebra
runs on one core, unless the environment says otherwise, for the same reason.
"""

import os

for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
