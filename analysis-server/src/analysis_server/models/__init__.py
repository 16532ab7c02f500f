"""Models that come with Satellite: one file each, with the files that it was trained to beside it.

They run in a process or container of their own, as every plugin does, and so import nothing of the worker.
"""
