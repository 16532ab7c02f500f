"""Setting groups that both servers compose; each is read from the environment once, at process start."""
