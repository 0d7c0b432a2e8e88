"""Tests of realtime, in files named as those they test."""
