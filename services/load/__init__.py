"""The shop's users, on Locust, and what they experience: open-loop, second by second.

    profile (arrivals per second) ─► timetable (when each is due) ─► crowd (a greenlet per arrival)
        ─► journey (asks the shop, checks the answer) ─► seconds (due, good, slow, bad, shed)

Only `crowd`, `door` and `__main__` import Locust, which patches the whole process.
"""
