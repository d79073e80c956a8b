"""What every room stands on; it imports nothing of ours.

validate  what an argument must be
rounding  what is no variance
units     units of variance, without the loss of a bit
types     arrays
blocks    tables, a few rows at a time
valley    the least of a loss on a grid, refined
errors    the two ways to fail
extras    what an installation lacks, and the command that mends it
files     files that are whole or as they were
outputs   what a command writes
written   values as text: columns, CSV, JSON
answers   words and files of a command
litter    what killed processes left
image_options   of commands that take images
memory    asked for beforehand
machine   cores and versions
settings  how a network is trained, and what it is if nobody says
"""
