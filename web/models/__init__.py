"""What routes take and answer, by feature, where it is too much to stand beside the routes."""
