"""The operator's seat: how the node fares in one page, and how it is set (`operation_pages`)."""

from .operation_pages import router

__all__ = ["router"]
