"""Past requests, replayed from their features under policies that may be other ones.

Pure: requests in order of time and settings in, outcomes out; the clock is that of the requests.
"""
