"""The audit trail: who did what to which object from where, written where it happens and never changed."""
