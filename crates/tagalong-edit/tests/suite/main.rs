//! The suite: tables of inputs and what is found or written, properties, mutations, limits.

#[cfg(test)]
mod edit_table;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod lines_table;
#[cfg(test)]
mod mutation;
#[cfg(test)]
mod property;
#[cfg(test)]
mod scan_table;
#[cfg(test)]
mod support;
