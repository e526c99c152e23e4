//! Mutates marked files and edits them for a number of seconds (default 10): `cargo run --release --example torture -- 60 [SEED]`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program of its own, not the pure library"
)]

#[path = "../tests/suite/mutation.rs"]
mod mutation;

use std::time::{Duration, Instant};

fn main() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let mut number = |default| arguments.next().unwrap_or(Ok(default)).map_err(|error| error.to_string());
    let (seconds, seed) = (number(10)?, number(88_172_645_463_325_252)?);
    let end = Instant::now() + Duration::from_secs(seconds);
    let tally = mutation::run(seed, |_| Instant::now() < end)?;
    println!("{tally:?}");
    Ok(())
}
