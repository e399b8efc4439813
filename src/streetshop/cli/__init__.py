"""The command line: one small file per command group."""

from streetshop.cli.app import main

__all__ = ["main"]
