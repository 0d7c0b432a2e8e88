"""Tests of rooms, in files named as those they test."""
