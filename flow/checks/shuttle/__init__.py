"""What a shuttle checks of a submission, each as a small rule of ours: see registry.py for the list."""
