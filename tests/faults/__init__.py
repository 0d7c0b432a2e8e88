"""Kills, cuts and floods."""
