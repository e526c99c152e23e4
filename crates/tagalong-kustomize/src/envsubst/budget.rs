//! How much substitution may make, and how long it may look: both the texts and the values are somebody's.

use super::Refusal;
use crate::limits;

/// What is left of it for one render.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    bytes: usize,
    steps: usize,
    nodes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { bytes: limits::BYTES, steps: limits::STEPS, nodes: limits::NODES }
    }
}

impl Budget {
    /// Takes out the bytes of a text that is about to be made.
    pub(super) fn make(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(Refusal::TooMuch)?;
        Ok(())
    }

    /// Takes out the nodes of an object that was read again.
    pub(crate) fn keep(&mut self, nodes: usize) -> Result<(), Refusal> {
        self.nodes = self.nodes.checked_sub(nodes).ok_or(Refusal::TooMuch)?;
        Ok(())
    }

    /// Takes out the steps of a search that is about to begin.
    pub(super) fn look(&mut self, steps: usize) -> Result<(), Refusal> {
        self.steps = self.steps.checked_sub(steps).ok_or(Refusal::TooMuch)?;
        Ok(())
    }
}
