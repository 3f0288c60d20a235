"""What a verdict becomes in MLflow: its run, metrics, tags, pages and files; the step is ``publish_run``."""
