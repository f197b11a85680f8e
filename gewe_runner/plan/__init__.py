"""From recipients to the plan: who gets what through which device, who does not and why, and its digest."""
