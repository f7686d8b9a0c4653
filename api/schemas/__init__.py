"""The JSON that the service and `--json` speak: one model per noun, converted here only."""
