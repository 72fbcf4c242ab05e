"""Container runtimes: `emulated` acts a container out in cluster time."""
