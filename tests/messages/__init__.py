"""Tests of messages, in files named as those they test."""
