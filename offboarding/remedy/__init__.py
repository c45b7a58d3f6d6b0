"""Takes a literal out of the code by pull request: rewrite, commit, push, propose. Never force-pushes."""
