"""Tests of actions, in files named as those they test."""
