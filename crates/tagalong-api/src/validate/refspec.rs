//! `push.refspec`: one reference of the commit, one of the remote.

use super::{Invalid, gitref};

/// A refspec of two full names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refspec {
    /// Whether it began with `+`: the remote's reference may be replaced by one that does not contain it.
    pub force: bool,
    /// What is pushed.
    pub src: String,
    /// Where it goes on the remote.
    pub dst: String,
}

/// Reads `[+]source:destination` at `field`.
pub(super) fn refspec(field: &str, text: &str) -> Result<Refspec, Invalid> {
    let (force, names) = text.strip_prefix('+').map_or((false, text), |names| (true, names));
    let Some((src, dst)) = names.split_once(':') else {
        let why = "must be source:destination, such as refs/heads/main:refs/heads/auto";
        return Err(gitref::bad(field, &format!("'{}' {why}", gitref::printable(text))));
    };
    if src.is_empty() || dst.is_empty() {
        return Err(gitref::bad(field, "both sides must be named; references are never deleted"));
    }
    gitref::check_full_name(field, src)?;
    gitref::check_full_name(field, dst)?;
    Ok(Refspec { force, src: src.to_owned(), dst: dst.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_full_names_make_a_refspec() {
        let read = |text| refspec("f", text).map(|r| (r.force, r.src, r.dst));
        let pair = |force, src: &str, dst: &str| Ok((force, src.to_owned(), dst.to_owned()));
        assert_eq!(read("refs/heads/main:refs/for/main"), pair(false, "refs/heads/main", "refs/for/main"));
        assert_eq!(read("+HEAD:refs/heads/x"), pair(true, "HEAD", "refs/heads/x"));
        for bad in
            ["", "main", "main:dev", ":refs/heads/x", "refs/heads/x:", "refs/heads/*:refs/heads/*", "a:b:c"]
        {
            assert!(refspec("f", bad).is_err(), "{bad}");
        }
    }
}
