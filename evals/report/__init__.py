"""Result folders of `octavo eval run` as one HTML page that needs nothing else."""
