"""Guards: posted, tried on mail in files, looked at, taken back."""
