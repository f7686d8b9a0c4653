"""One file a form of judged questions; `evals.dataset` is the door to them."""
