"""Parts of ``benchmarks/collector.py``: load, and what the collector is compared with."""
