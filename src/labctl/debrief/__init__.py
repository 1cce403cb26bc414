"""The debrief: what a drill was, told from its recording and its scenario alone. Pure; no lab is needed."""
