"""The HTTP side of the port: the API, its documents, health, and pages."""
