//! Whatever is done to a file, reading it ends with an answer whose places lie within the file.

use super::*;
use crate::problem::underline;
use proptest::prelude::*;

const TEXT: &str = "\
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageUpdateAutomation
metadata: {name: app, labels: &l {a: b, 'c': \"d\"}}
spec:
  interval: 30m # often
  <<: {suspend: false}
  policySelector: {matchLabels: *l}
  git:
    commit:
      author: {email: bot@example.com}
      messageTemplate: |
        update {{ .AutomationObject }}
---
apiVersion: v1
kind: Secret
metadata: {name: s}
data:
  password: aHVudGVyMg==
";

/// Text that is likely to matter where it is put in.
fn piece() -> impl Strategy<Value = String> {
    let tokens = [
        "---\n", "- ", ": ", "&l ", "*l", "<<: ", "{", "}", "[", "]", "\"", "'", "|\n", "\t", "\n", "  ",
        "# ", "!!str ", "?",
    ];
    prop_oneof![
        proptest::sample::select(tokens.to_vec()).prop_map(str::to_owned),
        any::<char>().prop_map(String::from)
    ]
}

/// Replaces `length` characters at `at` (both taken to fit) by a piece.
fn apply(text: &str, (at, length, piece): &(usize, usize, String)) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = at % (chars.len() + 1);
    let end = (at + length).min(chars.len());
    chars[..at].iter().copied().chain(piece.chars()).chain(chars[end..].iter().copied()).collect()
}

proptest! {
    #[test]
    fn any_text_is_answered(edits in prop::collection::vec((any::<usize>(), 0..8usize, piece()), 1..12)) {
        let text = edits.iter().fold(TEXT.to_owned(), |text, edit| apply(&text, edit));
        let mut findings = Vec::new();
        match yaml::documents(&text) {
            Err(finding) => findings.push(finding),
            Ok(roots) => for root in roots {
                for kind in [Kind::ImageUpdateAutomation, Kind::Secret] {
                    schema::check(&root, kind.schema(), &mut findings);
                }
                if let Class::Wrong(finding) | Class::Noted(finding) = classify(&root) {
                    findings.push(finding);
                }
            },
        }
        let lines = text.split('\n').count();
        for finding in findings {
            prop_assert!((1..=lines + 1).contains(&(finding.place.line as usize)) && finding.place.column >= 1, "{finding:?}");
            prop_assert!(!underline(&text, finding.place).is_empty());
        }
    }
}
