"""``python -m agent`` is ``overt``."""

from agent.cli import main

main()
