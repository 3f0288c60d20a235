"""MLflow plugins: model source, publisher, promotion."""
