"""Direct's own nouns: addresses, domains, policy OIDs, discovery names."""
