"""An engine in another process of this machine, by way of a Unix socket.

Ray carries a message in about a millisecond of a core; a streamed answer is dozens of them. Here a
message costs a twentieth of that, and all answers of one gateway share one connection per engine.
"""
