"""The SQL of the store, by noun, in named blocks."""
