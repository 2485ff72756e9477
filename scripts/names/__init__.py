"""Makes the names model from seeds: ``python -m scripts.names.train``, or ``make model``."""
