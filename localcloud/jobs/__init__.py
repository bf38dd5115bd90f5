"""What the images of jobs run: to an end, and with an exit code that says how it went."""
