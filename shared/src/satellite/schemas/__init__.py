"""JSON Schemas of plugins: examined, compiled, and values checked by them, here or in limited processes.

Both servers use it. Nothing in it opens an address or a file that a schema names.
"""
