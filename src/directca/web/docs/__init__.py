"""The documentation site at /docs: pages, runnable samples, and the reference made from the OpenAPI document."""
