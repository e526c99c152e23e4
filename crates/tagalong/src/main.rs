//! The tagalong binary.
fn main() {}
