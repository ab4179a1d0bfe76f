"""Limits at work: what a request costs, who pays, and what several gateways share."""
