"""Which addresses are one device: those that claim the same identity, as long as nothing speaks against it.

What a host claims can join it to few others and part nobody whom a stronger identity joins. The outcome depends on what
is claimed now, never on the order in which it came to be claimed.
"""

from collections.abc import Iterable, Mapping

from core.decide.identity import Identity, Mark

MOST_CLAIMANTS = 4
MOST_ADDRESSES = 8

_STRONGER: Mapping[str, tuple[Identity, ...]] = {
    kind: tuple(Identity)[:strength] for strength, kind in enumerate(Identity)
}
# A device has one of these, whatever number of network interfaces.
_OF_THE_DEVICE = (Identity.ENDPOINT, Identity.UDN)


class Groups:
    """Addresses, and at most one identity of each kind for each.

    An identity joins its claimants if these are at most four, and no two of them have different identities of a
    stronger kind. A key joins no two IPv4 addresses at all: more cameras have one certificate of their vendor than have
    two addresses and nothing else to know them by. Where more than eight addresses would come together, or two
    endpoints or two UDNs, only the endpoint joins.
    """

    def __init__(self) -> None:
        self._identities: dict[str, Mapping[Identity, str]] = {}
        self._claimants: dict[Mark, set[str]] = {}

    def put(self, address: str, identities: Mapping[Identity, str]) -> set[str]:
        """Set what an address claims, nothing when it is gone. Return the addresses whose group may differ now."""
        before = self._identities.get(address, {})
        if before == identities:
            return {address}
        near = {address, *self._near(before.items() | identities.items())}
        touched = self._components(near)
        for mark in before.items() - identities.items():
            self._claimants[mark].discard(address)
            if not self._claimants[mark]:
                del self._claimants[mark]
        for mark in identities.items() - before.items():
            self._claimants.setdefault(mark, set()).add(address)
        if identities:
            self._identities[address] = identities
        else:
            del self._identities[address]
        return touched | self._components(near)

    def of(self, address: str) -> frozenset[str]:
        """Return all addresses of the same device, this one too."""
        component = self._component(address)
        if len(component) > MOST_ADDRESSES or any(len(self._values(kind, component)) > 1 for kind in _OF_THE_DEVICE):
            endpoint = self._identities[address].get(Identity.ENDPOINT, "")
            component = {address} | self._joined_by((Identity.ENDPOINT, endpoint))
        return frozenset(component)

    def own(self, group: frozenset[str]) -> tuple[Mark, ...]:
        """Return the identities that are claimed in this group and nowhere else, strongest first."""
        marks = {mark for address in group for mark in self._identities.get(address, {}).items()}
        own = [mark for mark in marks if self._is_of(mark, group)]
        return tuple(sorted(own, key=lambda mark: (len(_STRONGER[mark[0]]), mark[1])))

    def _is_of(self, mark: Mark, group: frozenset[str]) -> bool:
        claimants = self._claimants[mark]
        return len(claimants) <= MOST_CLAIMANTS and claimants <= group

    def _near(self, marks: Iterable[Mark]) -> set[str]:
        """Return the addresses for whom it may count that another one claims these, or does no longer."""
        claimed = (self._claimants.get(mark, set()) for mark in marks)
        # With more claimants than one too many, one more or less changes nothing for the others.
        return set().union(*(claimants for claimants in claimed if len(claimants) <= MOST_CLAIMANTS + 1))

    def _components(self, addresses: Iterable[str]) -> set[str]:
        return set().union(*map(self._component, addresses))

    def _component(self, address: str) -> set[str]:
        """Return what is joined to an address over any number of steps; some of it, where that is too much."""
        component, ahead = {address}, [address]
        while ahead and len(component) <= MOST_ADDRESSES:
            marks = self._identities.get(ahead.pop(), {}).items()
            beside = set().union(*map(self._joined_by, marks)) - component
            component |= beside
            ahead += beside
        return component

    def _joined_by(self, mark: Mark) -> set[str]:
        claimants = self._claimants.get(mark, set())
        if not 1 < len(claimants) <= MOST_CLAIMANTS:
            return set()
        if mark[0] == Identity.KEY and sum(":" not in address for address in claimants) > 1:
            return set()
        is_disputed = any(len(self._values(kind, claimants)) > 1 for kind in _STRONGER[mark[0]])
        return set() if is_disputed else claimants

    def _values(self, kind: Identity, addresses: Iterable[str]) -> set[str]:
        values = (self._identities.get(address, {}).get(kind) for address in addresses)
        return {value for value in values if value is not None}
