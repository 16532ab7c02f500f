"""The direct lane: models asked over HTTP by whoever waits for the answer, beside jobs and without them."""
