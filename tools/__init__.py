"""What the workshop needs around the product; never shipped with it."""
