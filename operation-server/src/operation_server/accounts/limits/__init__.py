"""What admins allow single accounts."""
