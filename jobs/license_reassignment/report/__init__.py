"""Renderers: one value in, text or bytes out; they compute nothing."""
