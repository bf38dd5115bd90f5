"""What operators do: the command line, the planners behind it, and the doors to the world."""
