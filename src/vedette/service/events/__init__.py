"""Events for who pulls them, and who waits for one."""
