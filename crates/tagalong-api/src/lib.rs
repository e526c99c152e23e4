//! Flux's kinds as Rust types, their validation, conditions and reasons.
