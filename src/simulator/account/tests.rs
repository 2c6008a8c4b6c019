//! Scripts of requests through the state machine.
