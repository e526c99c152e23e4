//! The corpus: `cases/*.txt`, one file for each part of a kustomization.
//!
//! ```text
//! -- path --             files before the first case belong to every case of the file
//! === name               a case; `=== name | folder` renders that folder; `=== !name` is refused by us alone
//! -- path --             its files
//! ```

use crate::run::{Case, Expect};

const FILES: &[(&str, &str)] = &[
    ("resources", include_str!("cases/resources.txt")),
    ("scalars", include_str!("cases/scalars.txt")),
    ("fields", include_str!("cases/fields.txt")),
    ("generators", include_str!("cases/generators.txt")),
    ("patches", include_str!("cases/patches.txt")),
    ("merging", include_str!("cases/merging.txt")),
    ("names", include_str!("cases/names.txt")),
    ("replacements", include_str!("cases/replacements.txt")),
    ("interactions", include_str!("cases/interactions.txt")),
    ("refusals", include_str!("cases/refusals.txt")),
];

type Files = Vec<(String, Vec<u8>)>;

/// All cases of all files.
pub(crate) fn corpus() -> Vec<Case> {
    FILES.iter().flat_map(|(name, text)| read(name, text)).collect()
}

fn read(group: &str, text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut common: Files = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some(head) = line.strip_prefix("=== ") {
            let (name, folder) = head.trim().split_once(" | ").unwrap_or((head.trim(), ""));
            let expect = if name.starts_with('!') { Expect::Refused } else { Expect::Same };
            let name = format!("{group}: {}", name.trim_start_matches('!'));
            cases.push(Case { name, folder: folder.to_owned(), files: Vec::new(), expect });
            continue;
        }
        let files = cases.last_mut().map_or(&mut common, |case| &mut case.files);
        let path = line.trim_end().strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --"));
        match path {
            Some(path) => files.push((path.to_owned(), Vec::new())),
            None => {
                if let Some((_, bytes)) = files.last_mut() {
                    bytes.extend_from_slice(line.as_bytes());
                }
            }
        }
    }
    for case in &mut cases {
        case.files.iter_mut().for_each(finish);
        let own: Vec<String> = case.files.iter().map(|(path, _)| path.clone()).collect();
        case.files.extend(common.iter().filter(|(path, _)| !own.contains(path)).cloned());
    }
    cases
}

/// Does what stands behind a file's path.
fn finish((path, bytes): &mut (String, Vec<u8>)) {
    let Some((plain, word)) = path.split_once(" | ") else { return };
    let text = String::from_utf8(std::mem::take(bytes)).unwrap();
    *bytes = if word == "cut" {
        text.trim_end_matches('\n').to_owned().into_bytes()
    } else {
        assert_eq!(word, "crlf", "{path}");
        text.replace('\n', "\r\n").into_bytes()
    };
    *path = plain.to_owned();
}
