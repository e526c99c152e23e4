//! Renders commit messages written as Go text/template with the sprig functions Flux users use. Pure.
