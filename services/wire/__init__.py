"""A TCP proxy in the path of every link that may be disturbed, with Toxiproxy's HTTP API.

    client ──► Connection ── Lane "upstream"   (stages, one per toxic) ──► replica
           ◄──            ── Lane "downstream" (stages, one per toxic) ◄──

A lane without toxics hands bytes straight from one socket to the other.
"""
