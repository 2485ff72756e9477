"""The researcher's desk: pull sealed batches, prove each event's consent, open, export. Holds the private key."""
