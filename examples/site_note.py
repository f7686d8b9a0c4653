"""The commissioning note, as an engineer would type it on site."""

from __future__ import annotations

SITE_NOTE = """\
# Commissioning note: Station 4, pump sets A and B

Site: Lindmoor Water Cooperative, Station 4, Quarry Lane
Date: 11 June 2024, dry, 17 °C
Pumps: HX 80-250, serial numbers HX-24-0316 (set A) and HX-24-0317 (set B)

## What was done

- Checked the alignment of both couplings; set B got a 0.3 mm shim under the left rear motor foot.
- Flushed the suction main for 25 minutes until the start-up strainer stayed clean.
- Filled both bearing housings with ISO VG 46 oil.
- Ran set A for two hours and set B for ninety minutes at rated flow.
- Set the low-pressure cut-out to 1.4 bar.

## Readings at rated flow

| Reading                          | Set A     | Set B     |
|----------------------------------|-----------|-----------|
| Suction pressure                 | 0.9 bar   | 0.9 bar   |
| Discharge pressure               | 8.6 bar   | 8.5 bar   |
| Motor current                    | 58.2 A    | 59.1 A    |
| Vibration, drive-end bearing     | 1.7 mm/s  | 2.1 mm/s  |
| Bearing temperature, drive end   | 54 °C     | 57 °C     |

## Remarks

The check valve of set B closes with a bang. The spring was tightened by two turns, which helped.
The key for the switch cabinet hangs in the blue box behind the door of the chlorine room.
Operators asked for a second pressure gauge at eye level; it will be fitted on 2 July 2024.

## Open points

1. Replace the cracked cable gland at the terminal box of set A.
2. Paint the pipe supports.
3. Train the weekend crew; six people are registered.
"""
