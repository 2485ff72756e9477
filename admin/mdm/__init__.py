"""What management tools take: one policy, rendered for each of them. Pure: a policy in, files out, always the same."""
