"""What the program costs, as ratios of times measured side by side in one run.

`python -m benchmarks` prints the table. Times depend on the machine and on what else it does;
ratios of the shortest of several interleaved runs depend on neither very much.
"""
