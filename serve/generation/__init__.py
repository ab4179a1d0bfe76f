"""From a prompt to chunks: tiers, a permit, and answers that are tried, continued and watched."""
