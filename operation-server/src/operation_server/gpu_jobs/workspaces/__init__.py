"""What jobs on clusters have there: their folder, the files in it, and what they measure."""
