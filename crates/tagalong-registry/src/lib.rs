//! Talks to container registries: lists tags, asks for digests and platforms.
