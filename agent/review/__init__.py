"""What was captured, before it leaves. Alone in the agent it may read age files, with the person's own key."""
