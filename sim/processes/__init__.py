"""The rooms: one process of the month each. They do not know one another."""
