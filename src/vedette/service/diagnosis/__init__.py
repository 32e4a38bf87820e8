"""What is known of an account without asking its mailbox, and what helps."""
