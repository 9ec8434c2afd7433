"""What technicians type and paste, read before it is sent, so that a mistake is told with its line and place.

The engine reads all of it again: it believes no client.
"""

from core.decide.address_list import LONGEST_LIST, Entry, ListError, parse_list, parse_pasted
from core.decide.networks import Network, parse_networks

__all__ = ["LONGEST_LIST", "Entry", "ListError", "Network", "parse_list", "parse_networks", "parse_pasted"]
