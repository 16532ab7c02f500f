"""How both servers send messages, by either broker; the connections are Kombu's, which is not known here."""
