"""Rule files of other scanners, read as rules of ours: gitleaks and betterleaks (TOML), Kingfisher (YAML)."""
