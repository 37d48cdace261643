from tests.support.demo_service import demo

__all__ = ["demo"]
