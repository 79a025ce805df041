"""Clients only: a second, independent implementation of the protocol that loads and checks it."""
