//! Decides which tag a policy selects: filter, order, gates. Pure.
