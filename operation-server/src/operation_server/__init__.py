"""The operation server: accepts jobs, stores them, dispatches them and tells what became of them."""
