//! The whole life of pull requests, on a real Gitea: opened, refreshed, left alone, merged, refused, wanted again.

mod estate;
mod faults;
mod leftover;
mod life;
mod merged;
mod named;
mod starving;
mod theirs;
mod waits;
