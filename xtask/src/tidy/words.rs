//! Words that a committed file does not hold: paths of somebody's machine, hosts to download from, notes to self.

use super::Finding;
use crate::tree::File;

/// Put together at compile time, so that this file does not find itself.
const PATHS: &[&str] =
    &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/tmp", "/t/"), concat!("/home", "/")];

const HOSTS: &[&str] = &[
    concat!("static.", "crates.io"),
    concat!("index.", "crates.io"),
    concat!("proxy.", "golang.org"),
    concat!("deb.", "debian.org"),
    concat!("files.", "pythonhosted.org"),
    concat!("registry.", "npmjs.org"),
];

const NOTES: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// Every line that holds such a word.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    files
        .iter()
        .flat_map(|file| {
            file.text.lines().zip(1..).flat_map(move |(line, number)| {
                check_line(line).map(move |text| Finding::new(&file.path, number, text))
            })
        })
        .collect()
}

fn check_line(line: &str) -> impl Iterator<Item = String> {
    let path = PATHS
        .iter()
        .find(|path| begins_word(line, path))
        .map(|path| format!("a path of one machine: {path}"));
    let host = HOSTS
        .iter()
        .find(|host| line.contains(**host))
        .map(|host| format!("a host to download from: {host}"));
    let note = NOTES.iter().find(|note| is_word(line, note)).map(|note| format!("a note to self: {note}"));
    path.into_iter().chain(host).chain(note)
}

/// A folder of that name deeper in a path, or in a URL, is nobody's machine.
fn begins_word(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        before.is_none_or(|c| {
            !c.is_alphanumeric() && !matches!(c, '.' | '_' | '-' | '~' | '}' | '%' | '*' | ']')
        })
    })
}

fn is_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric()).any(|one| one == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> usize {
        check(&[File::new("a.md", line)]).len()
    }

    #[test]
    fn a_path_of_one_machine_is_found() {
        assert_eq!(found(concat!("see /wo", "rk/main/a.rs")), 1);
        assert_eq!(found(concat!("`/ro", "ot/.cache`")), 1);
        assert_eq!(found(concat!("https://example.com/wo", "rk/app")), 0);
        assert_eq!(found("/etc/tagalong"), 0);
    }

    #[test]
    fn a_host_to_download_from_is_found() {
        assert_eq!(found(concat!("curl https://static.", "crates.io/x")), 1);
        assert_eq!(found("https://ghcr.io/acme/app"), 0);
    }

    #[test]
    fn a_note_to_self_is_found() {
        assert_eq!(found(concat!("// TO", "DO: later")), 1);
        assert_eq!(found(concat!("MASTO", "DONS")), 0);
    }

    #[test]
    fn the_line_is_named() {
        let text = concat!("fine\n# FIX", "ME\n");
        assert_eq!(check(&[File::new("a.yaml", text)]).first().map(|finding| finding.line), Some(2));
    }
}
