"""Pages as a reader gets them: every test here drives a real browser (``make test-browser``)."""
