"""What the employee's agent, the collector, the researcher's desk and IT's desk must agree on.

Nothing here touches a clock, a disk or a network. Whoever audits what runs on their laptop reads this folder and
``agent/``, and nothing else.
"""
