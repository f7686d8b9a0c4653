"""One file a form of judged questions; `octavo.evals.dataset` is the door to them."""
