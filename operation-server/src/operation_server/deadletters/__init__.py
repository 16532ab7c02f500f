"""Dead letters: failed jobs, grouped by what went wrong, and their replay."""
