# Every command of the project. `make` alone lists them. All are safe to run again; what is up to date is left alone.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup run chat shell stop test check bench train lock clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Everything from nothing: set up, import the demo shop, train, start both servers, chat in the terminal
	@$(PYTHON) scripts/run

setup: ## Create or update both Python environments from their locks
	@$(PYTHON) scripts/setup

chat: ## Chat in this terminal with servers that run elsewhere (`scripts/run --no-chat` leaves them running)
	@$(BIN)/shopguide chat

shell: ## Rasa's own shell, with the guide server behind it
	@$(PYTHON) scripts/run --shell

stop: ## Stop servers that were left running
	@$(PYTHON) scripts/run --stop

test: setup ## All tests: both environments and the test conversations
	@$(PYTHON) scripts/test

check: setup ## Style, types, layers, generated files, Rasa's own validation
	@$(PYTHON) scripts/check

bench: setup ## Speed and memory of what matters; JSON under bench/out/
	@$(PYTHON) scripts/bench

train: setup ## Train recommender, reranker and dialogue model anew from the present data
	@$(PYTHON) scripts/run --train

lock: ## Compile both locks anew (needs uv)
	@$(PYTHON) scripts/lock.py

clean: stop ## Remove what is trained and built, data and environments excepted
	@rm -rf models .setup/steps .rasa results bench/out .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -path './.venv*' -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Kept: var/ (the shop database), .venv, .venv-rasa. Delete them by hand for a fresh start."
