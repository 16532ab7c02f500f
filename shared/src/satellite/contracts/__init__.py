"""The wire between the servers: messages, task names, Redis keys and the plugin manifest.

Both servers import this package and never each other. It needs pydantic and the standard library only.
"""
