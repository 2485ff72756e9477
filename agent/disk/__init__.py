"""What the agent keeps on this machine: switch, consent ledger, enrolment, keys, sealed batches. Nothing unsealed."""
