"""Events on their way to people and programs: from the database to the stream, from there to sockets."""
