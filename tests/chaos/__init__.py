"""Processes that are killed and disks that fail: ``make chaos`` at length, the tests of this folder in short.

``faults.c`` and ``faults.py`` fail single file operations. ``operations.py`` and ``writes.py`` are what is disturbed,
``shop.py`` makes the shop it works on, ``checks.py`` is what must hold afterwards. ``trials.py`` puts one trial
together; ``__main__.py`` runs many and writes the report.
"""
