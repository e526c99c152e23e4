//! Finds marked fields in files and changes exactly their bytes. Pure.
