"""What must agree within a Compose file: each rule is a function from the file to its mistakes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from graphlib import CycleError, TopologicalSorter

from labctl.errors import Mistake
from labctl.stack.compose_file import ComposeFile, LinkEntry
from labctl.stack.interpolation import Reference, references
from labctl.stack.strict_yaml import Document, did_you_mean

WIRE = "wire"


def disagreements(document: Document, file: ComposeFile) -> list[Mistake]:
    """Every place where parts of the file contradict each other."""
    return [
        *_unknown_names(document, file),
        *_circles(document, file),
        *_variables(document, file),
        *_published(document, file),
        *_links(document, file),
        *_proxies(document, file),
    ]


def _unknown_names(document: Document, file: ComposeFile) -> Iterator[Mistake]:
    for name, service in file.services.items():
        volumes = [volume.partition(":")[0] for volume in service.volumes]
        used: list[tuple[str, list[str], Collection[str]]] = [
            ("depends_on", service.depends_on, file.services),
            ("networks", service.networks, file.networks),
            ("volumes", volumes, [*file.volumes, *(each for each in volumes if each[0] in "./~")]),
        ]
        for key, names, declared in used:
            for index, each in enumerate(names):
                if each not in declared:
                    what = "service" if key == "depends_on" else key.rstrip("s")
                    said = f"there is no {what} {each!r}"
                    place = ("services", name, key, index)
                    yield document.mistake(place, said, did_you_mean(each, declared))


def _circles(document: Document, file: ComposeFile) -> Iterator[Mistake]:
    try:
        TopologicalSorter({name: each.depends_on for name, each in file.services.items()}).prepare()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        yield document.mistake(
            ("services", error.args[1][0], "depends_on"), f"these wait for each other: {circle}"
        )


def _variables(document: Document, file: ComposeFile) -> Iterator[Mistake]:
    for name, service in file.services.items():
        for variable, value in service.environment.items():
            try:
                references(value)
            except ValueError as error:
                yield document.mistake(("services", name, "environment", variable), str(error))


def _published(document: Document, file: ComposeFile) -> Iterator[Mistake]:
    for name, service in file.services.items():
        for index, port in enumerate(service.ports):
            if port not in service.expose:
                yield document.mistake(
                    ("services", name, "ports", index), f"port {port} is published and not exposed"
                )


def _links(document: Document, file: ComposeFile) -> Iterator[Mistake]:
    """Links are told apart by name and by port, end at a port that exists, and reach their component."""
    names: dict[str, str] = {}
    ports: dict[int, str] = {}
    for name, service in file.services.items():
        for link, entry in service.lab.links.items():
            place = ("services", name, "x-lab", "links", link)
            if link in names:
                yield document.mistake(place, f"{names[link]} has a link {link!r} too", key=True)
            if entry.listen in ports:
                said = f"{ports[entry.listen]} listens on {entry.listen} too"
                yield document.mistake((*place, "listen"), said)
            names[link], ports[entry.listen] = name, link
            component, port = entry.to.split(":")
            target = file.services.get(component)
            if target is None:
                near = did_you_mean(component, file.services)
                yield document.mistake((*place, "to"), f"there is no service {component!r}", near)
            elif int(port) not in target.expose:
                yield document.mistake((*place, "to"), f"{component} does not expose port {port}")
            expected = Reference(entry.variable, f"{WIRE}:{entry.listen}", None)
            if not any(expected in _known(value) for value in service.environment.values()):
                said = f"no environment value of {name} is ${{{entry.variable}:-{expected.default}}}"
                yield document.mistake((*place, "variable"), said)


def _proxies(document: Document, file: ComposeFile) -> Iterator[Mistake]:
    """The default of wire's PROXIES says the same as all `x-lab.links` together."""
    links = {link: entry for service in file.services.values() for link, entry in service.lab.links.items()}
    wire = file.services.get(WIRE)
    if wire is None:
        if links:
            yield document.mistake(("services",), f"there are links and no service {WIRE!r}")
        return
    place = ("services", WIRE, "environment", "PROXIES")
    defaults = [each.default or "" for each in _known(wire.environment.get("PROXIES", ""))]
    entries = " ".join(defaults).split()
    proxies = {entry.partition("=")[0]: entry for entry in entries}
    if len(proxies) < len(entries):
        yield document.mistake(place, "PROXIES names a link twice")
    for link in links.keys() - proxies.keys():
        yield document.mistake(place, f"PROXIES lacks {_proxy(link, links[link])!r}")
    for link, entry in proxies.items():
        if link not in links:
            near = did_you_mean(link, links)
            yield document.mistake(place, f"PROXIES has {entry!r}, which is no service's link", near)
        elif entry != _proxy(link, links[link]):
            said = f"PROXIES has {entry!r} where x-lab.links says {_proxy(link, links[link])!r}"
            yield document.mistake(place, said)


def _proxy(name: str, link: LinkEntry) -> str:
    return f"{name}={link.listen}>{link.to}"


def _known(value: str) -> list[Reference]:
    """The references in a value; none when it is broken, which another rule reports."""
    try:
        return references(value)
    except ValueError:
        return []
