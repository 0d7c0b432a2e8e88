"""Tests of server, in files named as those they test."""
