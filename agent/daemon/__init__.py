"""The background program of one person: the only place where the agent's parts are put together."""
