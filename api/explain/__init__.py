"""Why a page was found or lost, stage by stage."""
