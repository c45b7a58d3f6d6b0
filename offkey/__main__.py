from offboarding.cli import main

raise SystemExit(main())
