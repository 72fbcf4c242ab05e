"""The command line: kubectl's commands, and those for cluster files and the clock."""
