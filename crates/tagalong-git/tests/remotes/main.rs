//! Mirrors, commits and pushes against real Git servers, judged by the real `git`.

mod hostile;
mod http;
mod https;
mod local;
mod mirror;
mod push;
mod signing;
mod ssh;
mod support;
