"""The hub: shows, chat, rooms and the sockets of everybody who watches."""
