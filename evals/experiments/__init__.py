"""The same questions under other settings: ablation, tuning, calibration, the gate."""
