"""What must be true after every fault, found out without a line of the product's code."""
