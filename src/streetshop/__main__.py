"""``python -m streetshop``."""

from streetshop.cli import main

main()
