"""Files that workers fetch and bring, each by an address that is signed for one attempt."""
