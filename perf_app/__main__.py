"""`python -m perf_app`: the entry point of orchestrators, by arguments or by HOLOSCAN_* environment variables alone."""

from __future__ import annotations

from perf_app.cli import exec_main

if __name__ == "__main__":
    exec_main()
