//! Keeps tag lists and first-seen times on disk so that a restart rescans nothing early.
