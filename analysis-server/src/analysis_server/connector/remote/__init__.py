"""What runs on a cluster's host: the standard library of Python 3.6, packed into one file (`remote_file.py`).

Whatever it decides rests on what the host's kernel and its file system say: folders that are put in place
once, locks that end with their processes, records that are whole or not there.
"""
