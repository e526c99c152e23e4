//! Mirrors, commits and pushes against real Git servers, judged by the real `git`.

mod bench;
mod http;
mod local;
mod support;
