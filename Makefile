# Everything is in make.py, which also runs where there is no make: python make.py lab
PYTHON ?= python3
TARGETS := lab test lint unit course nbval browser gpu-test exercises notebooks grade \
	lectures-test bugs-test grading-test site-test hub-test \
	site handout update hub doctor bench

.PHONY: help $(TARGETS)

help:
	@$(PYTHON) make.py

$(TARGETS):
	@$(PYTHON) make.py $@ $(ARGS)
