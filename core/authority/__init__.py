"""The certificate authority: its key, its own certificate, and the leaves that it signs for devices."""

from core.authority.authority import Authority, Issued, IssueRequest
from core.decide.csr import CsrError

__all__ = ["Authority", "CsrError", "IssueRequest", "Issued"]
