//! From the template's text to its tree: lexer, parser, and the questions asked of the tree alone.

pub(crate) mod ast;
mod control;
mod lexer;
pub(crate) mod literal;
mod parser;
pub(crate) mod usage;

pub(crate) use parser::parse;
