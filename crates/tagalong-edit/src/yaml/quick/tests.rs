//! The quick reader against the full parser, over plain files and thousands of mutations of them.

use super::tokens;
use crate::yaml::parse;
use crate::yaml::token::{Kind, Scalar, Style, Token};

const PLAIN: [&str; 7] = [
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\n  labels: {a: b, c/d: \"e\"}\nspec:\n  containers:\n    - name: app\n      image: reg.io/a:1 # marker\n      args: [\"--x=1\", -v, '--y', a:b]\n      env:\n      - name: A\n        value: \"1\"\n      - {name: B, value: c}\n      empty: {}\n  volumes: []\n",
    "# head\n---\n# below\na: 1 # one\nb:\nc: # none\n\nd:\n- x\n- y: 1\n  z: 2\n- - p\n  - q\ne: |\n  text # no comment\n   more\n\n  end\n# after\nf: >- # folded\n    t\ng: end",
    "---\na:\n    b:\n        c: 1\n    # c\n  # d\n# e\n    f: 2\n---\nk: v w x\n--- # third\n- 1\n-   2\n-   a: b\n    c: d\n",
    "image:\n  repository: reg.io/x # {\"$imagepolicy\": \"ns:x:name\"}\n  tag: \"1.0\" # {\"$imagepolicy\": \"ns:x:tag\"}\n\n\nurl: http://x.io:80/a#b?c=d&e\nplain: it's a \"test\" {x} [y] %z\n",
    "script: |\n  #!/bin/sh\n  echo \"a: b\"\n\n    indented\nlist:\n- |\n  one\n- >\n  two\n- three\nmap:\n  k: |-\n    x\n  l: |+\n    y\n\n\n  m: z\n",
    "# Größe\na: # ü\n- b: |\n    日本\n  c: d # 🎉\n",
    "a:\n- b:\n  - c\n  - d:\n    - e: f\n      g: h\n  i: j\n- k\nl: m\n",
];

const PIECES: [&str; 38] = [
    "#",
    " # c",
    "\"",
    "'",
    "\n",
    " ",
    "  ",
    ":",
    ": ",
    "-",
    "- ",
    "{",
    "}",
    "[",
    "]",
    ",",
    ", ",
    "|",
    ">",
    "\n\n",
    "\n  ",
    "\n# c\n",
    "\n    # c\n",
    "a: b\n",
    "- c\n",
    "---\n",
    "x",
    "{a: b}",
    "[c]",
    "k:\n",
    " # ü",
    "# 日本🎉\n",
    "é",
    " # \u{85}",
    "# \u{2028}\n",
    "\u{feff}",
    "\u{a0}",
    "# \u{ad}\u{200b}\u{e000}\n",
];

/// Whether the quick reader declines `text` or reads it as the full parser does.
fn agree(text: &str) -> Result<bool, String> {
    let Some(quick) = tokens(text) else { return Ok(false) };
    let full: Vec<Token<'_>> =
        parse::tokens(text).collect::<Result<_, _>>().map_err(|problem| problem.to_string())?;
    let (quick, full): (Vec<_>, Vec<_>) =
        (quick.into_iter().map(comparable).collect(), full.into_iter().map(comparable).collect());
    match quick.iter().zip(&full).find(|(quick, full)| quick != full) {
        Some((quick, full)) => Err(format!("{quick:?}\n{full:?}")),
        None if quick.len() != full.len() => Err(format!("{} and {} tokens", quick.len(), full.len())),
        None => Ok(true),
    }
}

/// The token without what nobody looks at: where documents begin, collections and block scalars end.
fn comparable(mut token: Token<'_>) -> Token<'_> {
    if matches!(token.kind, Kind::Document | Kind::Close) {
        (token.start, token.end, token.line, token.column) = (0, 0, 0, 0);
    }
    if let Kind::Scalar(Scalar { style: Style::Block, .. }) = token.kind {
        // The parser takes the indentation of the line behind it along.
        token.end = token.start;
    }
    token
}

#[test]
fn plain_files_are_read_as_the_full_parser_reads_them() {
    for text in PLAIN {
        assert_eq!(agree(text), Ok(true), "{text}");
    }
}

#[test]
fn mutated_files_are_declined_or_read_alike() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % limit.max(1) as u64) as usize
    };
    let mut read = 0;
    for _ in 0..20_000 {
        let mut text: String = PLAIN[below(PLAIN.len())].to_owned();
        for _ in 0..=below(4) {
            let start = text.floor_char_boundary(below(text.len() + 1));
            let end = text.floor_char_boundary((start + below(10)).min(text.len())).max(start);
            match below(3) {
                0 => text.insert_str(start, PIECES[below(PIECES.len())]),
                1 => text.replace_range(start..end, PIECES[below(PIECES.len())]),
                _ => text.replace_range(start..end, ""),
            }
        }
        match agree(&text) {
            Ok(agreed) => read += usize::from(agreed),
            Err(difference) => panic!("{difference}\n{text}"),
        }
    }
    assert!(read > 2_000, "{read}");
}
