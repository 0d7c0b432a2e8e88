"""Tests of bots, in files named as those they test."""
