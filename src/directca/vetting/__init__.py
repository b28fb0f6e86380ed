"""The registration authority: organizations, representatives, domain claims, approvals."""
