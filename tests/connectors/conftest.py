from tests.support.peers import sapporo, toil

__all__ = ["sapporo", "toil"]
