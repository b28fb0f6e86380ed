"""JSON for software: certificate functions, query, OAuth endpoints, account resources."""
