//! Mirrors, commits and pushes against real Git servers, judged by the real `git`.

mod http;
mod local;
mod ssh;
mod support;
