"""Tests of rendering, in files named as those they test."""
