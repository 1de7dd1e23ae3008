"""Makes the process ready for the graph framework; call before its first import."""

from __future__ import annotations

import os
import resource

STACK = 32 * 1024 * 1024
"""The framework's own recommendation for its threads' stacks [bytes]."""


def prepare() -> None:
    """Give threads the stack the framework asks for, and keep its own chatter out of the log unless asked for.

    The framework prints the text of any exception raised in the graph; ours goes to the log once, from the command.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    if soft != resource.RLIM_INFINITY and soft < STACK and (hard == resource.RLIM_INFINITY or hard >= STACK):
        resource.setrlimit(resource.RLIMIT_STACK, (STACK, hard))
    os.environ.setdefault("HOLOSCAN_LOG_LEVEL", "OFF")
