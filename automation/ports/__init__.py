"""The doors to the world: small protocols and what stands behind them."""
