"""What was captured, before it leaves and after: for the person alone, who alone can open it here."""
