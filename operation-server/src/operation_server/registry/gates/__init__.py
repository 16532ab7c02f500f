"""Gates: what a version has to reach before an alias is moved to it."""
