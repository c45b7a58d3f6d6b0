# The same doors as ./dev, for hands that type make.
.PHONY: demo test lint
demo test lint:
	./dev $@
