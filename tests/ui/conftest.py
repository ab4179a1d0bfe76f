from tests.ui.appliance import appliance

__all__ = ["appliance"]
