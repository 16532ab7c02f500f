"""Logins that last: refresh tokens, the cookie of the dashboard, and tickets for WebSockets."""
