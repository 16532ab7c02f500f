"""What both servers, plugin authors and clients of Satellite agree on."""

__version__ = "0.1.0"
