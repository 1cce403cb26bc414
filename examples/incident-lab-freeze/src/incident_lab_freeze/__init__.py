"""An action and an incident: a component that hangs without dying."""
