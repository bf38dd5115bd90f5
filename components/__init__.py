"""How each part of a stack is made; components know no stacks, and their providers are given to them."""
