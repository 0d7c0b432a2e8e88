"""The flows through two applications on one database."""
