"""The local stand-in for Route 53's data plane: it answers DNS for the public hosted zones of the AWS API, also while that API is gone."""
