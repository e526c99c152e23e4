//! Characters of a text with substitutions. A NUL ends the text, as it does in Go's library.

pub(super) struct Scanner<'t> {
    rest: &'t str,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { rest: text.split('\0').next().unwrap_or_default() }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// The character behind the next one.
    pub(super) fn second(&self) -> Option<char> {
        self.rest.chars().nth(1)
    }

    /// Passes over that many characters of one byte.
    pub(super) fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    pub(super) fn take_one(&mut self, wanted: char) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Passes over all of that character, and counts them.
    pub(super) fn take_run(&mut self, wanted: char) -> usize {
        let mut count = 0;
        while self.take_one(wanted) {
            count += 1;
        }
        count
    }

    /// Passes over `${`.
    pub(super) fn opens(&mut self) -> bool {
        let rest = self.rest.strip_prefix("${");
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Letters, digits and underscores; at least one.
    pub(super) fn name(&mut self) -> Option<String> {
        let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// Text outside of substitutions: `$$` is a dollar sign.
    pub(super) fn text(&mut self) -> String {
        self.take(&|_| false, |pair| pair == "$$")
    }

    /// Text inside of a substitution; with `escapes`, `$$`, `\/` and `\\` lose their first character.
    pub(super) fn until(&mut self, ends: &dyn Fn(char) -> bool, escapes: bool) -> String {
        self.take(ends, |pair| escapes && matches!(pair, "$$" | "\\/" | "\\\\"))
    }

    fn take(&mut self, ends: &dyn Fn(char) -> bool, is_escape: impl Fn(&str) -> bool) -> String {
        let mut taken = String::new();
        while let Some(next) = self.peek() {
            if self.rest.starts_with("${") {
                break;
            }
            if self.rest.get(..2).is_some_and(&is_escape) {
                taken.push_str(self.rest.get(1..2).unwrap_or_default());
                self.skip(2);
                continue;
            }
            if ends(next) {
                break;
            }
            taken.push(next);
            self.skip(next.len_utf8());
        }
        taken
    }
}
