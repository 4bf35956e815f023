"""Real ttnn, on a board or on a mock of one."""

from typing import Any

import torch
import ttnn

from refusals import refusals


class Hardware:
    """The backend of modes `acceptance` and `device`."""

    def __init__(self, *, mock: bool):
        # A mock n300 has no Ethernet cores to dispatch from.
        options = {'dispatch_core_config': ttnn.DispatchCoreConfig(ttnn.DispatchCoreType.WORKER)} if mock else {}
        self.device = ttnn.open_device(device_id=0, **options)
        self.ttnn = ttnn
        # Nothing stands in for ttnn here.
        self.calls = None
        # What a mock refuses, in every run: that it is no mock which takes anything.
        self.refusals = refusals(self.device) if mock else []

    def place(self, tensor: torch.Tensor, dtype: Any, layout: Any) -> ttnn.Tensor:
        return ttnn.from_torch(tensor, dtype=dtype, layout=layout, device=self.device)

    def fetch(self, tensor: ttnn.Tensor) -> torch.Tensor:
        return ttnn.to_torch(tensor)

    def filled_like(self, tensor: ttnn.Tensor, value: float) -> ttnn.Tensor:
        return ttnn.full(tensor.shape, value, dtype=tensor.dtype, layout=tensor.layout, device=self.device)

    def is_tensor(self, value: Any) -> bool:
        return isinstance(value, ttnn.Tensor)

    def free(self, tensor: ttnn.Tensor) -> None:
        ttnn.deallocate(tensor)

    def close(self) -> None:
        ttnn.close_device(self.device)
