"""Built artefacts: wheels, packages and container images, opened as streams. Nothing is extracted to disk."""
