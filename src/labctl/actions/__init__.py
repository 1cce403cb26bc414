"""Every action: one module each. Third parties add theirs by an entry point in group `labctl.actions`."""

from labctl import extensions
from labctl.actions import (  # noqa: F401
    deploy,
    flag,
    job,
    limit,
    link,
    restart,
    rollback,
    scale,
    session,
    set,  # noqa: A004
    sql,
)
from labctl.actions.base import REGISTRY

_OWN = dict(REGISTRY)

for _point, _ in extensions.load(extensions.ACTIONS):
    _taken = sorted(name for name, cls in _OWN.items() if REGISTRY.get(name) is not cls)
    if _taken:
        extensions.blame(_point, f"it takes the name of an action that there is: {', '.join(_taken)}")
        REGISTRY.update(_OWN)

REGISTRY.update(_OWN)  # also where a module took a name and then failed
