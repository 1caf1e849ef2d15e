"""What is made of the notebooks for readers without a kernel: the site, the decks."""
