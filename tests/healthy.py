"""Health checks of which every one passes."""

from __future__ import annotations


class AllHealthy:
    def is_healthy(self, health_check_id: str) -> bool:
        del health_check_id
        return True
