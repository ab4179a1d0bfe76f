"""What is kept: keys now; usage, receipts and feedback beside them."""
