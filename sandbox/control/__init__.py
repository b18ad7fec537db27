"""The control page and its JSON API: look into the sandbox's world and change it."""
