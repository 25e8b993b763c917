"""The language inside other tools: the import hook."""
