"""Where CI and deployment use secrets. `scanner.ci` reads each system's configuration."""
