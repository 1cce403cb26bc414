"""A journey runs in load: its tests find here what load and the other services share."""

import sys

from labctl import assets

sys.path.append(str(assets.path("services")))
