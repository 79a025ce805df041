"""How fast the hub tells a crowd, beside a C loop of ``send()`` and other servers."""
