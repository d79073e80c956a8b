"""Sweeps: ten thousand runs of a chapter or of a function, on one machine or on many.

cells     one run of a sweep: what it is, its seed, and its identity
store     the folder of a sweep: its plans and the record of each cell, the only proof
guard     limits of time and memory around a process and all that it started
work      one notebook cell, or one batch of calls, whose truth goes into files
batch     the process that makes a batch of calls
drive     all cells of a plan, here or in an executor; progress, Ctrl-C, when to stop
word      Ctrl-C for work that runs elsewhere
plan      which cells there are, checked before the first runs; targets, what may be varied
report    what a sweep says before, while and after it runs
scripts   it as a SLURM array or a Kubernetes job; dask, on a cluster that runs
collect   the finished cells as one table
command   lindiff-nb sweep and lindiff-nb collect

What is done stands in files, so a sweep may be killed at any moment, and the same command goes on.
"""
