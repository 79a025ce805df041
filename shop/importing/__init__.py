"""Products from another shop's file: read as a stream, taken one by one, whole or not."""
