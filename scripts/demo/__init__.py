"""The main job, played for real on this machine: ``make demo``."""
