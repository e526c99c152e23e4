//! The files desk: wishes from a folder of YAML, findings back to its reader.
