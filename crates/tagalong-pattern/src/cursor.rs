//! Walks over a pattern and knows where it is, for messages.

pub(super) struct Cursor<'p> {
    pattern: &'p str,
    rest: &'p str,
}

impl<'p> Cursor<'p> {
    pub(super) fn new(pattern: &'p str) -> Self {
        Self { pattern, rest: pattern }
    }

    pub(super) fn rest(&self) -> &'p str {
        self.rest
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    /// Steps over `text` if it comes next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Steps over everything up to and including `end`, and answers what stood before it.
    pub(super) fn eat_until(&mut self, end: &str) -> Option<&'p str> {
        let (before, rest) = self.rest.split_once(end)?;
        self.rest = rest;
        Some(before)
    }

    /// Steps over everything that is left.
    pub(super) fn eat_rest(&mut self) -> &'p str {
        std::mem::take(&mut self.rest)
    }

    /// A message that says where.
    pub(super) fn fault(&self, what: &str) -> String {
        let at = self.pattern.chars().count() - self.rest.chars().count();
        format!("{what}, at character {at}")
    }
}
