"""gate → redact → batch → seal → spool, one straight line."""
