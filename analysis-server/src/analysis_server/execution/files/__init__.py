"""Files of attempts on their way between the operation server and this worker."""
