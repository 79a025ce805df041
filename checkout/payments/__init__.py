"""Payment providers behind one small contract."""
