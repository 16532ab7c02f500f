"""The `satellite` command. Each command imports what it needs when it runs, so that it starts fast."""
