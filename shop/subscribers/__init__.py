"""Letters that somebody asked for, or did not refuse: who gets which kind, and the proof of it."""
