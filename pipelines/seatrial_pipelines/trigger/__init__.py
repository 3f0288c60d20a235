"""A service that starts the pipeline ``post_training`` when MLflow announces a new model version."""
