"""The authorization server: clients, grants, codes, tokens, introspection, metadata."""
