"""What runs on the employee's machine. It can seal what it captured; it can never unseal for others."""
