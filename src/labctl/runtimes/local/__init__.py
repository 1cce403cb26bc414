"""The embedded engine: a stack as plain processes under one small supervisor per lab.

    labctl ── LocalRuntime ── run/wanted.sealed ──►  Supervisor ── Keeper (one per component)
                    ▲                                   │            └─ Replica ─ Process, Limiter, probe
                    └───── run/state.json, events ◄─────┘

The supervisor outlives the command that started it. If it is killed, the kernel ends its replicas
(PDEATHSIG); what that misses carries `INCIDENT_LAB=<lab id>` in its environment and is ended by the
next `apply` or by `destroy`, which look for exactly that.
"""
