"""The aiohttp application: HTTP API, contract documents and health."""
