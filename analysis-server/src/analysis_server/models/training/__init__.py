"""What trainings share: steps that can be interrupted, and the files of a version."""
