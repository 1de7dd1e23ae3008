"""`python -m perf_app`: the entry point of orchestrators, by arguments or by HOLOSCAN_* environment variables alone."""

from __future__ import annotations

import sys

from perf_app.cli import exec_main

if __name__ == "__main__":
    sys.exit(exec_main())
