"""The local stand-in for Route 53's data plane: it answers DNS for the public hosted zones of the AWS API, also while that API is gone.

Not served: geolocation, geoproximity and IP-based routing (SERVFAIL), delegation (a name below NS records in a zone answers as others do),
DNSSEC and recursion. Latency routing knows no distances; `policy.choose` says which region answers.
"""
