//! Turns each kind: gather, validate, plan, act, report. Knows no desk.
