"""What runs where: the reviewed spec, and the stacks that are made of it."""
