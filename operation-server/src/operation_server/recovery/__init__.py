"""What a recovery of the database from a backup takes before anybody may work on it again."""
