//! Mirrors remotes, reads trees, writes and pushes commits; no git binary, no working tree.
