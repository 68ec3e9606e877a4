"""What the store refuses, so that nobody above has to name its libraries."""


class StoreError(Exception):
    """Anything the store refuses."""


class UnknownPortal(StoreError):
    """There is no such portal (any more)."""

    def __init__(self, portal_id: int) -> None:
        super().__init__(f"portal {portal_id} is unknown")
        self.portal_id = portal_id


class StoreUnavailable(StoreError):
    """The database can't be reached or hung up; nothing of the transaction was kept. Try again later."""

    def __init__(self) -> None:
        super().__init__("the database can't be reached")
